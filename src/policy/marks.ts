// What becomes of a message that a stage has marked, as spam or for a virus. The mark itself is a result of the stage, by which taps and stages
// after it can tell what is marked.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { Edit, StageResult, Verdict } from './stage.ts';

export type MarkedAction = 'reject' | 'tempfail' | 'quarantine' | 'discard' | 'continue';

/** What is done with messages that have a mark. */
export interface MarkedMail {
  readonly action: MarkedAction;
  /** Name of the [[route]] by which it goes, as far as it goes on; undefined: no other than that of other mail. */
  readonly route: string | undefined;
  /** A field that is put on top of its header, as far as it goes on. */
  readonly field: { readonly name: string; readonly value: string } | undefined;
}

/** Why, in the forms in which it is needed. */
export interface MarkedBecause {
  /** A clause for the log and for operators: `clamav found the virus X`. */
  readonly reason: string;
  /** What the client is told, without a code: `This message has the virus X`. */
  readonly told: string;
  readonly result: StageResult;
  /** What the scanner itself wants changed. */
  readonly edits?: readonly Edit[];
}

/** @returns what a stage answers about a message that has a mark */
export function markedVerdict(
  { action, route, field }: MarkedMail,
  { reason, told, result, edits = [] }: MarkedBecause,
): Verdict {
  switch (action) {
    case 'reject':
      return { kind: 'reject', reply: refusal(550, '5.7.1', told) };
    case 'tempfail':
      return { kind: 'tempfail', reply: refusal(451, '4.7.1', told) };
    case 'discard':
      return { kind: 'discard', reason };
    case 'quarantine':
    case 'continue': {
      const all: Edit[] = [...edits];
      if (field !== undefined) all.push({ kind: 'insert-field', at: 1, ...field });
      if (route !== undefined) all.push({ kind: 'set-route', route });
      return action === 'quarantine'
        ? { kind: 'quarantine', reason, edits: all, result }
        : { kind: 'continue', edits: all, result };
    }
  }
}

function refusal(code: number, enhanced: string, text: string): Reply {
  return { code, enhanced, text };
}
