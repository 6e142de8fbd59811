// What the kinds of tables in text files share: they are read whole, and held in memory.

import { setImmediate } from 'node:timers/promises';
import type { Contents, TableFile } from '../contents.ts';
import { PackedMap } from '../packed-map.ts';
import { type Answer, maxValues } from '../table.ts';
import { brokenTable, tooManyValues } from '../table-error.ts';
import { readEntries, repeatedKeys, type TextForm } from '../text-entries.ts';

/** Reads a table of text into memory. */
export async function openText(
  { handle, sizeBytes }: TableFile,
  form: TextForm,
  answer: (map: PackedMap, key: string) => Answer,
): Promise<Contents> {
  const map = new PackedMap(sizeBytes, form.hasSeveralValues);
  let isComplete: boolean;
  try {
    isComplete = await readEntries(handle, form, (key, value) => {
      if (!map.add(key, value)) throw brokenTable('it holds more than 4 GiB', 'Use SQLite instead.');
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
    summary: `${map.keys} ${map.keys === 1 ? 'key' : 'keys'}`,
    warnings: repeated === 0 ? [] : [repeatedKeys(repeated, example, form)],
    endsEarly: !isComplete,
    isWhole: true,
    close: () => Promise.resolve(),
  };
}
