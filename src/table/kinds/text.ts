// What the kinds of tables in text files share: they are read whole, and held in memory.

import { setImmediate } from 'node:timers/promises';
import type { Contents, TableFile } from '../contents.ts';
import { PackedMap } from '../packed-map.ts';
import { absent, type Answer, maxValues } from '../table.ts';
import { brokenTable, tooManyValues } from '../table-error.ts';
import { readEntries, repeatedKeys, type TextForm } from '../text-entries.ts';

/** Stands before the fault of a line that cannot be read, in the place of its value: no text has this character. */
const faultMark = '\0';
/** Lines that are told of one by one. */
const mostFaults = 5;

/** What is wrong with the line that this value stands for; undefined: nothing. */
export function faultOfValue(value: string): string | undefined {
  return value.startsWith(faultMark) ? value.slice(faultMark.length) : undefined;
}

/** Reads a table of text into memory. */
export async function openText(
  { handle, sizeBytes }: TableFile,
  form: TextForm,
  answer: (map: PackedMap, key: string) => Answer,
): Promise<Contents> {
  const map = new PackedMap(sizeBytes, form.hasSeveralValues);
  const faults: string[] = [];
  let faulty = 0;
  const add = (key: Uint8Array, value: Uint8Array): void => {
    if (!map.add(key, value)) throw brokenTable('it holds more than 4 GiB', 'Use SQLite instead.');
  };
  let isComplete: boolean;
  try {
    isComplete = await readEntries(handle, form, add, (key, { message }) => {
      if (key !== undefined) add(key, Buffer.from(faultMark + message));
      if (++faulty > mostFaults) return;
      const about =
        key === undefined ? 'it is passed over' : `look-ups of ${JSON.stringify(key.toString())} fail`;
      faults.push(`${message}: ${about}`);
    });
  } finally {
    await handle.close();
  }
  let repeated = 0;
  let example = '';
  await map.index(setImmediate, (key, values) => {
    if (values > maxValues) throw tooManyValues(key);
    if (repeated++ === 0) example = key;
  });
  return {
    lookup: (keys) => keys.map((key) => answer(map, key)),
    lookupFirst: (keys) => {
      for (const key of keys) {
        const each = answer(map, key);
        if (each.kind !== 'absent') return each;
      }
      return absent;
    },
    summary: `${map.keys} ${map.keys === 1 ? 'key' : 'keys'}`,
    warnings: repeated === 0 ? [] : [repeatedKeys(repeated, example, form)],
    faults: faulty > mostFaults ? [...faults, `${faulty - mostFaults} more lines cannot be read`] : faults,
    readAll: (take) =>
      map.readAll(setImmediate, (key, value) => {
        if (faultOfValue(value) === undefined) take(key, value);
      }),
    endsEarly: !isComplete,
    isWhole: true,
    close: () => Promise.resolve(),
  };
}
