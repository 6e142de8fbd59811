// A line that a filter of OpenSMTPD has sent. Promises: what nobody can understand is found out, and is no permission.

import { replaceUnprintableRuns } from '../../values/unprintable.ts';
import { type FilterEvent, filterEvents, type FilterPhase, filterPhases } from './names.ts';

export type FilterDecision =
  | { readonly kind: 'proceed' | 'junk' }
  /** With the code and the words of the filter. */
  | { readonly kind: 'reject' | 'disconnect'; readonly code: number; readonly text: string }
  | { readonly kind: 'rewrite' | 'report'; readonly value: string };

export type FilterLine =
  | { readonly kind: 'register-report'; readonly event: FilterEvent | '*' }
  | { readonly kind: 'register-filter'; readonly phase: FilterPhase }
  /** Of outgoing mail, or of statistics, of which it is told nothing. */
  | { readonly kind: 'register-other' }
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'result';
      readonly session: string;
      readonly token: string;
      readonly decision: FilterDecision;
    }
  /** A line of the message, as Latin-1, with its dot doubled. */
  | { readonly kind: 'data-line'; readonly session: string; readonly token: string; readonly line: string }
  /** It reports by itself. */
  | { readonly kind: 'report'; readonly session: string; readonly text: string };

const events: ReadonlySet<string> = new Set(filterEvents);
const phases: ReadonlySet<string> = new Set(filterPhases);
const idPattern = /^[0-9a-f]{1,16}$/i;

/** RFC 5321 4.5.3.1.5: a reply line has 512 octets, with its code and its end. */
const mostTextChars = 490;

/**
 * @param line - as Latin-1, without its end
 * @returns a clause about what is wrong: `it sent ...`
 */
export function readFilterLine(line: string): FilterLine | string {
  const bar = line.indexOf('|');
  const rest = line.slice(bar + 1);
  switch (line.slice(0, Math.max(0, bar))) {
    case 'filter-dataline':
      return dataLine(rest) ?? unclear(line);
    case 'filter-result':
      return result(rest) ?? unclear(line);
    case 'register':
      return registration(rest) ?? unclear(line);
    case 'report':
      return report(rest) ?? unclear(line);
    default:
      return unclear(line);
  }
}

function dataLine(rest: string): FilterLine | undefined {
  const ids = idsOf(rest);
  return ids === undefined
    ? undefined
    : { kind: 'data-line', session: ids.session, token: ids.token, line: ids.rest };
}

function result(rest: string): FilterLine | undefined {
  const ids = idsOf(rest);
  if (ids === undefined) return undefined;
  const { session, token } = ids;
  const decision = decisionOf(utf8(ids.rest));
  return decision === undefined ? undefined : { kind: 'result', session, token, decision };
}

function decisionOf(text: string): FilterDecision | undefined {
  const bar = text.indexOf('|');
  if (bar === -1) return text === 'proceed' || text === 'junk' ? { kind: text } : undefined;
  const kind = text.slice(0, bar);
  const value = text.slice(bar + 1);
  if (kind === 'rewrite' || kind === 'report') return { kind, value: replaceUnprintableRuns(value, ' ') };
  if (kind !== 'reject' && kind !== 'disconnect') return undefined;
  const [, code = '', words = ''] = /^([45]\d\d)(?:[ -]+(.*))?$/su.exec(value) ?? [];
  if (code === '') return undefined;
  return { kind, code: Number(code), text: replaceUnprintableRuns(words, ' ').slice(0, mostTextChars) };
}

function registration(rest: string): FilterLine | undefined {
  if (rest === 'ready') return { kind: 'ready' };
  const [what = '', subsystem = '', name = '', ...more] = rest.split('|');
  if (more.length > 0 || (what !== 'report' && what !== 'filter')) return undefined;
  if (subsystem === 'smtp-out' || subsystem === 'stats') return { kind: 'register-other' };
  if (subsystem !== 'smtp-in') return undefined;
  if (what === 'filter') {
    return phases.has(name) ? { kind: 'register-filter', phase: name as FilterPhase } : undefined;
  }
  if (name !== '*' && !events.has(name)) return undefined;
  return { kind: 'register-report', event: name as FilterEvent | '*' };
}

function report(rest: string): FilterLine | undefined {
  const [, session, text = ''] = /^\d+\.\d+\|smtp-in\|([0-9a-f]{1,16})\|(.*)$/isu.exec(rest) ?? [];
  if (session === undefined) return undefined;
  return { kind: 'report', session: whole(session), text: replaceUnprintableRuns(utf8(text), ' ') };
}

interface Ids {
  readonly session: string;
  readonly token: string;
  readonly rest: string;
}

function idsOf(text: string): Ids | undefined {
  const first = text.indexOf('|');
  const second = text.indexOf('|', first + 1);
  if (first === -1 || second === -1) return undefined;
  const session = text.slice(0, first);
  const token = text.slice(first + 1, second);
  if (!idPattern.test(session) || !idPattern.test(token)) return undefined;
  return { session: whole(session), token: whole(token), rest: text.slice(second + 1) };
}

/** Filters in C print numbers, which may have lost zeros at their beginning. */
function whole(id: string): string {
  return id.toLowerCase().padStart(16, '0');
}

function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

function unclear(line: string): string {
  return `it sent a line that nobody can understand: ${JSON.stringify(line.slice(0, 100))}`;
}
