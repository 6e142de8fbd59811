// From the answer of a filter to the verdict of a stage.

import type { FilterDecision } from '../../protocol/opensmtpd-filter/filter-line.ts';
import type { DecidedPhase } from '../../protocol/opensmtpd-filter/names.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { type Edit, goOn, type Verdict } from '../stage.ts';

/** @throws {Error} with a clause, when nothing can follow from it at this phase */
export function verdictOf(phase: DecidedPhase, decision: FilterDecision): Verdict {
  switch (decision.kind) {
    case 'proceed':
    case 'junk':
    case 'report':
      return goOn;
    case 'disconnect':
      return { kind: 'disconnect', reply: replyOf(decision) };
    case 'reject': {
      const reply = replyOf(decision);
      if (reply.code === 421) return { kind: 'disconnect', reply };
      return { kind: reply.code >= 500 ? 'reject' : 'tempfail', reply };
    }
    case 'rewrite':
      return rewritten(phase, decision.value);
  }
}

/** What it gives in place of the parameter of a command: an address, perhaps in brackets, with parameters behind them. */
function rewritten(phase: DecidedPhase, value: string): Verdict {
  const [, inBrackets, plain = ''] = /^\s*(?:<([^>]*)>.*|(\S*)\s*)$/su.exec(value) ?? [];
  const address = inBrackets ?? plain;
  if (phase === 'mail-from') return { kind: 'continue', edits: [{ kind: 'change-sender', address }] };
  if (phase === 'rcpt-to') return { kind: 'continue', edits: [{ kind: 'change-recipient', address }] };
  throw new Error(`it rewrote the parameter of ${phase}, which cannot be changed here`);
}

/** The words may begin with an enhanced status code, of which the code says the class (RFC 3463 2). */
function replyOf({ code, text }: { readonly code: number; readonly text: string }): Reply {
  const [, detail, words = ''] = /^(?:[245]\.(\d{1,3}\.\d{1,3})(?:\s+|$))?(.*)$/su.exec(text) ?? [];
  const said = words === '' ? 'Refused by a filter of this server' : words;
  if (detail === undefined) return { code, text: said };
  return { code, enhanced: `${String(code).slice(0, 1)}.${detail}`, text: said };
}

/** Names of phases in the event filter-response. */
const responsePhases: ReadonlyMap<DecidedPhase, string> = new Map([
  ['connect', 'connected'],
  ['starttls', 'tls'],
]);

/** The values of the event filter-response. */
export function responseTexts(phase: DecidedPhase, decision: FilterDecision): readonly string[] {
  return [responsePhases.get(phase) ?? phase, ...decisionTexts(decision)];
}

function decisionTexts(decision: FilterDecision): readonly string[] {
  switch (decision.kind) {
    case 'proceed':
    case 'junk':
      return [decision.kind];
    case 'reject':
    case 'disconnect':
      return [decision.kind, `${decision.code} ${decision.text}`];
    case 'rewrite':
    case 'report':
      return [decision.kind, decision.value];
  }
}

export function withEdits(verdict: Verdict, edits: readonly Edit[]): Verdict {
  return verdict.kind === 'continue' && edits.length > 0 ? { kind: 'continue', edits } : verdict;
}
