// Commands after the log-in (RFC 1939 5 and 7; LAST of RFC 1460).

import { type Command, numberOf, wordsOf } from './command.ts';
import type { Marks } from './marks.ts';
import { error, ok, type Outcome } from './outcome.ts';

/** @param isMeasured - all sizes that this command needs have been measured, as far as possible */
export function judgeTransaction(command: Command, marks: Marks, isMeasured: boolean): Outcome {
  switch (command.word) {
    case 'STAT': {
      const { octets } = marks;
      if (octets === undefined && !isMeasured) return measure(undefined);
      return ok(`${marks.left} ${octets ?? 0}`);
    }
    case 'LIST':
      return list(command, marks, isMeasured);
    case 'UIDL':
      return uidl(command, marks);
    case 'RETR':
      return aboutOne(command, marks, 1, (number) => ({
        kind: 'ask',
        event: { kind: 'message', number, lines: undefined },
      }));
    case 'TOP':
      return aboutOne(command, marks, 2, (number, lines) => ({
        kind: 'ask',
        event: { kind: 'message', number, lines },
      }));
    case 'DELE':
      return aboutOne(command, marks, 1, (number) => {
        marks.delete(number);
        return ok(`Message ${number} is marked as deleted`);
      });
    case 'RSET':
      marks.reset();
      return ok('Nothing is marked as deleted');
    case 'NOOP':
      return ok('Still here');
    case 'LAST':
      return ok(String(marks.last));
    case 'USER':
    case 'PASS':
    case 'AUTH':
    case 'STLS':
    case 'UTF8':
      return error('This comes before the log-in');
    default:
      return error('Unknown command');
  }
}

function measure(number: number | undefined): Outcome {
  return { kind: 'ask', event: { kind: 'measure', number } };
}

function list(command: Command, marks: Marks, isMeasured: boolean): Outcome {
  const { drop } = marks;
  const sizeText = (number: number): string => String(drop.sizeOf(number) ?? 0);
  if (wordsOf(command).length > 0)
    return aboutOne(command, marks, 1, (number) =>
      drop.sizeOf(number) === undefined && !isMeasured
        ? measure(number)
        : ok(`${number} ${sizeText(number)}`),
    );
  const { octets } = marks;
  if (octets === undefined && !isMeasured) return measure(undefined);
  return ok(`${marks.left} messages (${octets ?? 0} octets)`, marks.lines(sizeText));
}

function uidl(command: Command, marks: Marks): Outcome {
  const { drop } = marks;
  if (wordsOf(command).length > 0)
    return aboutOne(command, marks, 1, (number) => ok(`${number} ${drop.uidOf(number)}`));
  return ok(
    `${marks.left} messages`,
    marks.lines((number) => drop.uidOf(number)),
  );
}

/** @param most - 2: a number of lines follows, too */
function aboutOne(
  command: Command,
  marks: Marks,
  most: 1 | 2,
  then: (number: number, lines: number) => Outcome,
): Outcome {
  const words = wordsOf(command);
  const [number, lines] = words.map(numberOf);
  if (words.length !== most || number === undefined || number === 0 || (most === 2 && lines === undefined))
    return error(`${command.word} takes the number of a message${most === 2 ? ' and one of lines' : ''}`);
  const refusal = marks.refusalOf(number);
  return refusal === undefined ? then(number, lines ?? 0) : error(refusal);
}
