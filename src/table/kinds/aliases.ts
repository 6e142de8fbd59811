// The text of /etc/aliases, as sendmail, Postfix and Exim read it: a name, a colon and what it stands for, separated by commas; a line that begins
// with white space goes on with the one before it. A name on several lines has all of their values. An entry that cannot be read makes look-ups of its name
// fail, and no others.

import type { TableKind } from '../contents.ts';
import type { PackedMap } from '../packed-map.ts';
import type { Answer } from '../table.ts';
import { brokenTable } from '../table-error.ts';
import type { TextForm } from '../text-entries.ts';
import { answerWithValues } from './key-value.ts';
import { faultOfValue, openText } from './text.ts';
import { isWhiteSpace, visibleEnd, visibleStart } from './white-space.ts';

const colon = 58;
const quote = 34;
const backslash = 92;

export const aliasesForm: TextForm = {
  parts: (bytes, line) => {
    const isQuoted = bytes[0] === quote;
    const at = isQuoted ? endOfQuoted(bytes) : bytes.indexOf(colon);
    if (at === -1 && isQuoted) throw brokenTable(`line ${line} has a quotation mark without its counterpart`);
    const colonAt = isQuoted ? bytes.indexOf(colon, at) : at;
    const keyStart = Number(isQuoted);
    const keyEnd = isQuoted ? at : visibleEnd(bytes.subarray(0, Math.max(0, colonAt)));
    const isPlain = isQuoted || !bytes.subarray(0, keyEnd).some(isWhiteSpace);
    if (
      colonAt === -1 ||
      keyEnd === keyStart ||
      !isPlain ||
      visibleStart(bytes, keyEnd + keyStart) !== colonAt
    ) {
      const advice = 'Write each as in /etc/aliases: a name, a colon, and what it stands for.';
      throw brokenTable(`line ${line} is no alias: a name has a colon behind it`, advice);
    }
    const valueEnd = visibleEnd(bytes);
    const valueStart = visibleStart(bytes, colonAt + 1);
    if (valueStart >= valueEnd) throw brokenTable(`line ${line} has a name that stands for nothing`);
    return { keyStart, keyEnd, valueStart, valueEnd };
  },
  goesOn: true,
  hasLongLines: true,
  hasSeveralValues: true,
  keyOfUnread: (bytes) => {
    const isQuoted = bytes[0] === quote;
    const end = isQuoted ? endOfQuoted(bytes) : bytes.indexOf(colon);
    const key = bytes.subarray(
      Number(isQuoted),
      isQuoted ? end : visibleEnd(bytes.subarray(0, Math.max(0, end))),
    );
    return end === -1 || (!isQuoted && key.some(isWhiteSpace)) ? undefined : key;
  },
};

/** The closing quotation mark; -1 without one. Escaped characters stay as they are written. */
function endOfQuoted(bytes: Buffer): number {
  for (let at = 1; at < bytes.length; at++) {
    if (bytes[at] === backslash) at++;
    else if (bytes[at] === quote) return at;
  }
  return -1;
}

/** A line that cannot be read counts where no other one is about the name. */
function answerOfRead(map: PackedMap, key: string): Answer {
  const answer = answerWithValues(map, key);
  if (answer.kind !== 'found') return answer;
  const values = answer.values.filter((each) => faultOfValue(each) === undefined);
  if (values.length > 0) return values.length === answer.values.length ? answer : { kind: 'found', values };
  return { kind: 'failing', reason: faultOfValue(answer.values[0] ?? '') ?? '', isOfEntry: true };
}

export const aliases: TableKind = {
  seesWrites: false,
  open: (file) => openText(file, aliasesForm, answerOfRead),
};
