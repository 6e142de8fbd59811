// Tables of rules for clients: in Sluice's own form or that of tcprules(1), as text or compiled to a cdb. They are held in memory as a
// whole, so that a mistake is found when the file is read, and a client waits for no disk.

import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { ValueError } from '../../values/value-error.ts';
import { readRecords } from '../cdb/all-records.ts';
import type { Contents, TableFile, TableKind } from '../contents.ts';
import { type ClientRule, formatRule, parseRule } from '../rules/client-rule.ts';
import { askRules, RuleSet } from '../rules/rule-set.ts';
import { parseSubject, type RuleSubject } from '../rules/rule-subject.ts';
import { RuleWarnings } from '../rules/rule-warnings.ts';
import { readTcprulesData, readTcprulesLine, tcprulesSubject } from '../rules/tcprules.ts';
import { absent, type Answer } from '../table.ts';
import { brokenTable } from '../table-error.ts';
import type { LineParts, TextForm } from '../text-entries.ts';
import { readLines } from '../text-lines.ts';
import { isWhiteSpace, visibleEnd, visibleStart } from './white-space.ts';

/** Rules in Sluice's own form. */
export const rules: TableKind = rulesIn({
  takeLine: (bytes, line, into) => {
    const { keyEnd, valueStart, valueEnd } = partsOf(bytes, line);
    takeOwn(into, bytes.toString('utf8', 0, keyEnd), bytes.toString('utf8', valueStart, valueEnd));
  },
  takeRecord: (key, value, into) => takeOwn(into, key, value),
});

/** Rules in the form of tcprules. */
export const tcprules: TableKind = rulesIn({
  takeLine: (bytes, _line, into) => {
    const read = readTcprulesLine(bytes.toString());
    if (read === undefined) into.warnings.withoutColon(bytes.toString());
    else for (const address of read.addresses) takeTcprules(into, address, read.rule);
  },
  takeRecord: (key, value, into) => takeTcprules(into, key, readTcprulesData(value)),
});

/** Lines of Sluice's own form, from which a cdb can be built. */
export const rulesForm: TextForm = {
  parts: (bytes, line) => {
    const parts = partsOf(bytes, line);
    at(`line ${line}`, () => {
      parseSubject(bytes.toString('utf8', 0, parts.keyEnd).toLowerCase());
      parseRule(bytes.toString('utf8', parts.valueStart, parts.valueEnd));
    });
    return parts;
  },
  hasSeveralValues: false,
};

/** A rule takes some microseconds to read, so that a piece of text has to be small for other work to get its turn. */
const textPieceBytes = 20_000;

interface Into {
  readonly set: RuleSet;
  readonly warnings: RuleWarnings;
}

/** Takes one line or record. It may throw a ValueError. */
interface RuleReader {
  readonly takeLine: (bytes: Buffer, line: number, into: Into) => void;
  readonly takeRecord: (key: string, value: string, into: Into) => void;
}

function rulesIn(reader: RuleReader): TableKind {
  return { seesWrites: false, open: (file) => openRules(file, reader) };
}

async function openRules({ path, handle, sizeBytes }: TableFile, reader: RuleReader): Promise<Contents> {
  const into: Into = { set: new RuleSet(sizeBytes), warnings: new RuleWarnings() };
  let isComplete = true;
  try {
    // The ending tells, as tcpserver's users know it: tcp.smtp is text, tcp.smtp.cdb is compiled.
    if (path.toLowerCase().endsWith('.cdb')) await readCompiled(handle, reader, into);
    else
      isComplete = await readLines(
        handle,
        (bytes, line) => at(`line ${line}`, () => reader.takeLine(bytes, line, into)),
        { pieceBytes: textPieceBytes },
      );
  } finally {
    await handle.close();
  }
  const { set, warnings } = into;
  await set.index(setImmediate, (who) => warnings.repeated(who));
  return {
    lookup: (keys) => keys.map((key) => answerOf(set, key)),
    rules: set,
    summary: `${set.size} ${set.size === 1 ? 'rule' : 'rules'}`,
    warnings: warnings.list,
    endsEarly: !isComplete,
    isWhole: true,
    close: () => Promise.resolve(),
  };
}

function readCompiled(handle: FileHandle, reader: RuleReader, into: Into): Promise<void> {
  return readRecords(handle, (key, value) => {
    const place = `the rule for ${JSON.stringify(key.toString().slice(0, 80))}`;
    if (!isUtf8(key) || !isUtf8(value)) throw brokenTable(`${place} is not UTF-8`);
    at(place, () => reader.takeRecord(key.toString(), value.toString(), into));
  });
}

/** Whom a line is about, and what it says. */
function partsOf(bytes: Buffer, line: number): LineParts {
  if (isWhiteSpace(bytes[0])) {
    const advice = 'Write each rule on one line, without white space before it.';
    throw brokenTable(`line ${line} begins with white space`, advice);
  }
  let keyEnd = 0;
  while (keyEnd < bytes.length && !isWhiteSpace(bytes[keyEnd])) keyEnd++;
  const valueStart = visibleStart(bytes, keyEnd);
  const valueEnd = visibleEnd(bytes);
  if (valueStart >= valueEnd)
    throw brokenTable(
      `line ${line} does not say what happens`,
      'Write allow, deny or relay behind the client.',
    );
  return { keyStart: 0, keyEnd, valueStart, valueEnd };
}

function takeOwn(into: Into, who: string, what: string): void {
  add(into, parseSubject(who.toLowerCase()), parseRule(what));
}

function takeTcprules(into: Into, address: string, rule: ClientRule): void {
  const subject = tcprulesSubject(address);
  if (subject.kind === 'unused') into.warnings.unused(address, subject.reason);
  else add(into, subject, rule);
}

function add({ set, warnings }: Into, subject: RuleSubject, rule: ClientRule): void {
  set.add(subject, rule);
  warnings.used(subject, rule);
}

/** Says at which place of the file a mistake is. */
function at(place: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (error instanceof ValueError) throw brokenTable(`${place}: ${error.message}`);
    throw error;
  }
}

/** For commands: whom the rule is about, and what it says. */
function answerOf(set: RuleSet, question: string): Answer {
  const held = askRules(set, question);
  return held === undefined ? absent : { kind: 'found', values: [held.who, formatRule(held.rule)] };
}
