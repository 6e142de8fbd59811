// What becomes of a recipient whose program has ended. A program that could not be started, was killed, took too long or printed too much has
// said nothing about the mail: that is tried again.

import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { PipeWay } from '../../values/local-way.ts';
import { meaningOf } from '../../values/pipe-outcome.ts';
import { replaceUnprintableRuns } from '../../values/unprintable.ts';
import type { PipeEnd } from './programs.ts';

/** Of what a program has printed, for logs and reports. */
const mostCharacters = 500;

/** @param recipient - its index in the transaction */
export function outcomeOfEnd(way: PipeWay, end: PipeEnd, recipient: number): RecipientOutcome {
  const printed = replaceUnprintableRuns(end.printed.toWellFormed(), ' ').trim().slice(0, mostCharacters);
  const program = way.command[0] ?? '';
  if (end.kind !== 'ended')
    return failed(recipient, '4.3.0', withWords(`${program} ${endText(way, end)}`, printed));
  const meaning = meaningOf(end.code, way.exitCodes);
  if (meaning.status.startsWith('2'))
    return {
      recipient,
      result: 'delivered',
      reply: {
        code: 250,
        enhanced: meaning.status,
        lines: [printed === '' ? `${program} took it` : printed],
        command: 'content',
      },
    };
  // A program may know better than its exit code says (RFC 3463), but not whether to try again.
  const [, own] = /^([45]\.\d{1,3}\.\d{1,3}) /.exec(printed) ?? [];
  const status = own?.[0] === meaning.status[0] ? (own ?? meaning.status) : meaning.status;
  return failed(recipient, status, withWords(`${program} ended with ${end.code}: ${meaning.text}`, printed));
}

/** A recipient that is given to no program. */
export function failed(recipient: number, enhanced: string, text: string): RecipientOutcome {
  const isPermanent = enhanced.startsWith('5');
  return {
    recipient,
    result: isPermanent ? 'permfail' : 'tempfail',
    failure: { kind: 'unsent', during: 'content', code: isPermanent ? 550 : 451, enhanced, text },
  };
}

function withWords(text: string, printed: string): string {
  return printed === '' ? text : `${text}; it said: ${printed}`;
}

function endText(way: PipeWay, end: Exclude<PipeEnd, { readonly kind: 'ended' }>): string {
  switch (end.kind) {
    case 'killed':
      return `was ended by ${end.name}`;
    case 'late':
      return `did not end within ${way.timeMs / 1000} s`;
    case 'talkative':
      return `printed more than ${way.outputBytes} bytes`;
    case 'broken-off':
      return 'was ended, since Sluice stops';
    case 'refused':
      return `was not run: ${end.reason}`;
    case 'not-started':
      return `could not be started: ${startProblem(end.code)}`;
  }
}

function startProblem(code: string): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such program';
    case 'EACCES':
      return 'the user may not run it';
    case 'E2BIG':
      return 'its arguments and its environment are too long';
    case 'no prlimit':
      return 'there is no prlimit, which the limit of its memory needs (util-linux)';
    default:
      return code;
  }
}
