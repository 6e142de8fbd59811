// What the kinds of tables in text files share: they are read whole, and held in memory.

import { setImmediate } from 'node:timers/promises';
import type { Contents, TableFile } from '../contents.ts';
import { PackedMap } from '../packed-map.ts';
import type { Answer } from '../table.ts';
import { brokenTable } from '../table-error.ts';
import { tableKey } from '../table-key.ts';
import { readLines } from '../text-lines.ts';

/** One line of a text file. Offsets are in bytes of the line. */
export interface LineParts {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** How a kind of table reads its text. */
export interface TextForm {
  /**
   * Takes a line apart.
   * @param line - its number, for errors
   * @throws {TableError} `TABLE_BROKEN` when the line does not have this form
   */
  readonly parts: (bytes: Buffer, line: number) => LineParts;
  /** May a key be on several lines, each with one of its values? Otherwise the first line counts. */
  readonly hasSeveralValues: boolean;
  readonly answer: (map: PackedMap, key: string) => Answer;
}

/** The most values of one key. */
export const maxValues = 1000;

const upperA = 65;
const upperZ = 90;

/** Reads a table of text into memory. */
export async function openText({ handle, sizeBytes }: TableFile, form: TextForm): Promise<Contents> {
  const map = new PackedMap(sizeBytes, form.hasSeveralValues);
  let isComplete: boolean;
  try {
    isComplete = await readLines(handle, (bytes, line) => {
      const { keyStart, keyEnd, valueStart, valueEnd } = form.parts(bytes, line);
      const key = keyBytes(bytes.subarray(keyStart, keyEnd));
      if (key.length === 0) throw brokenTable(`line ${line} has no key`);
      if (!map.add(key, bytes.subarray(valueStart, valueEnd)))
        throw brokenTable(`it holds more than 4 GiB`, 'Build a cdb of it, or use SQLite.');
    });
  } finally {
    await handle.close();
  }
  const warnings = await index(map, form);
  const { keys } = map;
  return {
    lookup: (keys) => keys.map((key) => form.answer(map, key)),
    summary: `${keys} ${keys === 1 ? 'key' : 'keys'}`,
    warnings,
    endsEarly: !isComplete,
    close: () => Promise.resolve(),
  };
}

async function index(map: PackedMap, { hasSeveralValues }: TextForm): Promise<string[]> {
  let repeated = 0;
  let example = '';
  await map.index(setImmediate, (key, values) => {
    if (values > maxValues)
      throw brokenTable(`the key ${JSON.stringify(key)} has more than ${maxValues} values`);
    if (repeated++ === 0) example = JSON.stringify(key);
  });
  if (repeated === 0) return [];
  const lines = repeated === 1 ? 'a line repeats' : `${repeated} lines repeat`;
  const effect = hasSeveralValues ? 'all values of such a key are used' : 'the first line of a key counts';
  return [`${lines} the key of an earlier line, such as ${example}: ${effect}`];
}

/** Folds ASCII in place; only other keys are made anew. */
function keyBytes(bytes: Buffer): Buffer {
  for (const [index, byte] of bytes.entries()) {
    if (byte >= 0x80) return Buffer.from(tableKey(bytes.toString()));
    if (byte >= upperA && byte <= upperZ) bytes[index] = byte + 32;
  }
  return bytes;
}
