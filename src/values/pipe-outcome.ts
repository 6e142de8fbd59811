// What the exit code of a program means for the mail that it got: by sysexits.h, as sendmail and its successors read it, or by
// qmail-command(8). Codes that neither has a meaning for are faults of the program, so the mail is tried again.

import type { ExitCodes } from './local-way.ts';

/** An enhanced status code (RFC 3463), and words. */
export interface ExitMeaning {
  readonly status: string;
  readonly text: string;
}

const sysexits: ReadonlyMap<number, ExitMeaning> = new Map([
  [0, { status: '2.0.0', text: '' }],
  [64, { status: '5.5.4', text: 'wrong use of the command (EX_USAGE)' }],
  [65, { status: '5.6.0', text: 'the message is not as it must be (EX_DATAERR)' }],
  [66, { status: '5.3.0', text: 'an input is missing (EX_NOINPUT)' }],
  [67, { status: '5.1.1', text: 'no such user (EX_NOUSER)' }],
  [68, { status: '5.1.2', text: 'no such host (EX_NOHOST)' }],
  [69, { status: '5.3.0', text: 'a service is not available (EX_UNAVAILABLE)' }],
  [70, { status: '5.3.0', text: 'a fault of the program (EX_SOFTWARE)' }],
  [71, { status: '4.3.0', text: 'a fault of the system (EX_OSERR)' }],
  [72, { status: '5.3.0', text: 'a file of the system is missing (EX_OSFILE)' }],
  [73, { status: '5.2.0', text: 'a file cannot be made (EX_CANTCREAT)' }],
  [74, { status: '4.3.0', text: 'an error of input or output (EX_IOERR)' }],
  [75, { status: '4.3.0', text: 'a failure for now (EX_TEMPFAIL)' }],
  [76, { status: '5.5.0', text: 'an error of a protocol (EX_PROTOCOL)' }],
  [77, { status: '5.7.0', text: 'not permitted (EX_NOPERM)' }],
  [78, { status: '5.3.5', text: 'a fault of a configuration (EX_CONFIG)' }],
]);

const delivered: ExitMeaning = { status: '2.0.0', text: '' };
const refused: ExitMeaning = { status: '5.3.0', text: 'a permanent failure' };
const qmail: ReadonlyMap<number, ExitMeaning> = new Map([
  [0, delivered],
  [99, delivered],
  ...[64, 65, 70, 76, 77, 78, 100, 112].map((code) => [code, refused] as const),
]);

export function meaningOf(code: number, codes: ExitCodes): ExitMeaning {
  const known = (codes === 'qmail' ? qmail : sysexits).get(code);
  return known ?? { status: '4.3.0', text: 'a failure for now' };
}
