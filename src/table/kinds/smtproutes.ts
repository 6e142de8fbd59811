// Text of qmail's control files with a colon, such as smtproutes: the key is what comes before the first colon of a line, and the value the rest. A
// line that begins with its colon is for all: its key is `*`. The last line of a key counts (constmap of qmail), so all values are kept.
// qmail passes over what it cannot read. Here, too, one such line is no reason to hold up all mail: look-ups of the key that it seems to be about
// fail, and it is told of.

import type { TableKind } from '../contents.ts';
import type { PackedMap } from '../packed-map.ts';
import type { Answer } from '../table.ts';
import { brokenTable } from '../table-error.ts';
import type { TextForm } from '../text-entries.ts';
import { answerWithValues } from './key-value.ts';
import { faultOfValue, openText } from './text.ts';
import { isWhiteSpace, visibleEnd, visibleStart } from './white-space.ts';

const colon = 58;
const asterisk = 42;

export const smtproutesForm: TextForm = {
  parts: (bytes, line) => {
    const keyEnd = bytes.indexOf(colon);
    if (keyEnd === -1) throw brokenTable(`line ${line} has no colon`);
    if (isAsterisk(bytes, keyEnd))
      throw brokenTable(
        `line ${line} is about "*", which is no domain: the line for all other mail begins with its colon`,
      );
    return { keyStart: 0, keyEnd, valueStart: keyEnd + 1, valueEnd: Math.max(keyEnd + 1, visibleEnd(bytes)) };
  },
  emptyKey: '*',
  hasSeveralValues: true,
  lastCounts: true,
  keyOfUnread: (bytes) => {
    const start = visibleStart(bytes);
    let end = start;
    while (end < bytes.length && bytes[end] !== colon && !isWhiteSpace(bytes[end])) end++;
    // qmail has no mail for this one.
    return isAsterisk(bytes, end) ? undefined : bytes.subarray(start, end);
  },
};

function isAsterisk(bytes: Buffer, keyEnd: number): boolean {
  return keyEnd === 1 && bytes[0] === asterisk;
}

export const smtproutes: TableKind = {
  seesWrites: false,
  open: (file) => openText(file, smtproutesForm, answerOfLast),
};

function answerOfLast(map: PackedMap, key: string): Answer {
  const answer = answerWithValues(map, key);
  if (answer.kind !== 'found') return answer;
  const fault = faultOfValue(answer.values.at(-1) ?? '');
  if (fault !== undefined) return { kind: 'failing', reason: fault, isOfEntry: true };
  return { kind: 'found', values: answer.values.filter((each) => faultOfValue(each) === undefined) };
}
