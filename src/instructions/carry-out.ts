// Instructions are carried out: files and programs in their order, and forwards last, when all of these have succeeded. Programs and files are
// handed in. Promise: as soon as one of them fails, nothing further is done, and the mail waits or goes back as a whole.

import { meaningOf } from '../values/pipe-outcome.ts';
import type { ExitCodes } from '../values/local-way.ts';
import { droppedText, isNowhere } from './nowhere.ts';
import { type Fault, fault, type Step } from './types.ts';

/** How a program has ended; `why`: it could not be started, or was ended. */
export type ProgramEnd =
  | { readonly kind: 'ended'; readonly code: number; readonly printed: string }
  | { readonly kind: 'broken'; readonly why: string; readonly printed: string };

/** What carries single instructions out. */
export interface Doer {
  readonly program: (command: string) => Promise<ProgramEnd>;
  /** @throws {Error} of the system */
  readonly file: (kind: 'maildir' | 'mbox', path: string) => Promise<void>;
}

export interface CarriedOut {
  readonly kind: 'done';
  readonly forwards: readonly string[];
  /** What was done, in words. */
  readonly did: readonly string[];
}

/** qmail-command(8): the program has taken the mail, and nothing behind it counts. */
const enough = 99;
/** Of the words of a program. */
const mostCharacters = 500;

export async function carryOut(
  list: readonly Step[],
  codes: ExitCodes,
  doer: Doer,
): Promise<CarriedOut | Fault> {
  const forwards: string[] = [];
  const did: string[] = [];
  for (const one of list) {
    if (one.kind === 'forward') {
      if (!forwards.includes(one.address)) forwards.push(one.address);
      continue;
    }
    if (isNowhere(one)) {
      did.push(droppedText);
      continue;
    }
    if (one.kind !== 'program') {
      await doer.file(one.kind, one.path);
      did.push(`delivered into ${one.path}`);
      continue;
    }
    const end = await doer.program(one.command);
    const printed = end.printed.trim().slice(0, mostCharacters);
    const words = printed === '' ? '' : `; it said: ${printed}`;
    if (end.kind === 'broken') return fault('4.3.0', `the program ${named(one.command)} ${end.why}${words}`);
    const meaning = meaningOf(end.code, codes);
    if (!meaning.status.startsWith('2'))
      return fault(
        ownStatus(printed, meaning.status),
        `the program ${named(one.command)} ended with ${end.code}: ${meaning.text}${words}`,
      );
    did.push(`${named(one.command)} took it`);
    if (codes === 'qmail' && end.code === enough) break;
  }
  return { kind: 'done', forwards, did };
}

/** A program may know better than its exit code says (RFC 3463), but not whether to try again. */
function ownStatus(printed: string, status: string): string {
  const [, own = ''] = /^([45]\.\d{1,3}\.\d{1,3}) /.exec(printed) ?? [];
  return own[0] === status[0] ? own : status;
}

function named(command: string): string {
  return `"${command.trim().slice(0, 80)}"`;
}
