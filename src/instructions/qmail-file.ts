// The lines of a .qmail file (dot-qmail(5)): `#` comment, `|` program, a path with a `/` at its end for a Maildir and without one for an mbox, `&` and
// an address, or an address alone. Promise: what would be refused in the middle of a file is refused before its first line is carried out.

import { addressOf } from './address.ts';
import { type Fault, fault, type Instruction, type Instructions } from './types.ts';

/** What qmail-local(8) says in the same cases (RFC 3463: 4.2.1 mailbox disabled, 4.7.0 security). */
const blankFirst = fault('4.2.1', 'the first line of the file is blank');

/**
 * @param isForwardOnly - the file has the `x` bit of its owner: neither programs nor files may stand in it
 * @param domain - of addresses without one
 */
export function parseQmailFile(text: string, isForwardOnly: boolean, domain: string): Instructions {
  if (text === '') return { kind: 'usual' };
  const lines = text.split('\n').map((line) => line.replace(/[ \t]+$/, ''));
  if (lines[0] === '') return blankFirst;
  const list: Instruction[] = [];
  let forwardsOnly = isForwardOnly;
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('+')) {
      forwardsOnly ||= line === '+list';
      continue;
    }
    const one = instructionOf(line, index + 1, domain);
    if (one.kind === 'fault') return one;
    if (forwardsOnly && one.kind !== 'forward')
      return fault(
        '4.7.0',
        `line ${index + 1} names a program or a file, though the file is for addresses alone`,
      );
    list.push(one);
  }
  return { kind: 'list', list };
}

function instructionOf(line: string, number: number, domain: string): Instruction | Fault {
  switch (line[0]) {
    case '|':
      return { kind: 'program', command: line.slice(1) };
    case '/':
    case '.':
      return { kind: line.endsWith('/') ? 'maildir' : 'mbox', path: line };
    default: {
      const text = line.startsWith('&') ? line.slice(1) : line;
      const address = addressOf(text, domain);
      return address === undefined
        ? fault('4.2.1', `line ${number} is neither an address nor anything else that can stand there`)
        : { kind: 'forward', address };
    }
  }
}
