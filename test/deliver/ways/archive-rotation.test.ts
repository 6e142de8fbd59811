// The files of an archive while the next one begins, and while somebody moves one away: each message is in one of them, whole.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addToFile } from '../../../src/deliver/archive/archive-file.ts';
import type { FilePlace } from '../../../src/deliver/archive/archive-name.ts';
import { folderFor } from './pipe-fixture.ts';

const lastMomentMs = Date.UTC(2026, 10, 30, 23, 59, 59, 999);

function entry(number: number): readonly string[] {
  return [`From ${number}\n`, `begin ${number}\n`, `${'x'.repeat(200)}\n`, `end ${number}\n`, '\n'];
}

async function* piecesOf(number: number, inTheMiddle?: () => void): AsyncGenerator<Buffer, void> {
  for (const [index, piece] of entry(number).entries()) {
    await new Promise(setImmediate);
    if (index === 3) inTheMiddle?.();
    yield Buffer.from(piece);
  }
}

/** The messages of all files of a folder, each file's apart. */
function keptIn(folder: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    readdirSync(folder)
      .toSorted()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8').split(/(?=^From )/mu)]),
  );
}

function whole(...numbers: readonly number[]): readonly string[] {
  return numbers.map((number) => entry(number).join('')).toSorted();
}

test('messages of both days that are written at the same time are each in the file of their day', async (t) => {
  const folder = folderFor(t);
  const place: FilePlace = { kind: 'file', path: join(folder, 'all.mbox'), rotate: 'daily' };
  const numbers = Array.from({ length: 12 }, (_, number) => number);
  await Promise.all(numbers.map((number) => addToFile(place, piecesOf(number), lastMomentMs + (number % 2))));
  const kept = keptIn(folder);
  assert.deepEqual([...kept.keys()], ['all-2026-11-30.mbox', 'all-2026-12-01.mbox']);
  for (const [index, messages] of [...kept.values()].entries())
    assert.deepEqual(messages.toSorted(), whole(...numbers.filter((number) => number % 2 === index)));
});

test('a file that is full is followed by the next one, and no message is in two of them', async (t) => {
  const folder = folderFor(t);
  const size = entry(0).join('').length;
  const place: FilePlace = { kind: 'file', path: join(folder, 'all'), rotate: 'never', mostBytes: 2 * size };
  const numbers = Array.from({ length: 10 }, (_, number) => number);
  await Promise.all(numbers.map((number) => addToFile(place, piecesOf(number), lastMomentMs)));
  const kept = keptIn(folder);
  assert.deepEqual([...kept.keys()], ['all', 'all-2', 'all-3', 'all-4', 'all-5']);
  for (const messages of kept.values()) assert.equal(messages.length, 2);
  assert.deepEqual([...kept.values()].flat().toSorted(), whole(...numbers));
});

test('a file that is moved away while a message is written has the whole of it, and the next one begins anew', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'all');
  const place: FilePlace = { kind: 'file', path, rotate: 'never' };
  await addToFile(place, piecesOf(1), lastMomentMs);
  await addToFile(
    place,
    piecesOf(2, () => renameSync(path, `${path}.old`)),
    lastMomentMs,
  );
  await addToFile(place, piecesOf(3), lastMomentMs);
  assert.deepEqual(
    [...keptIn(folder)],
    [
      ['all', whole(3)],
      ['all.old', whole(1, 2)],
    ],
  );
});
