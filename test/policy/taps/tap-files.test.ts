// Files of taps: read once for all who ask, in slices, and again when they have changed.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadExpressions } from '../../../src/policy/taps/address-expression.ts';
import { TapFiles } from '../../../src/policy/taps/tap-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

await loadExpressions();

test('while a large file is read, others have their turn, and it is read once', async (t) => {
  const { path: folder } = temporaryFolder(t, 'taps');
  const path = join(folder, 'taps');
  const lines = Array.from(
    { length: 10_000 },
    (_, at) => `F:^user${at}@customer${at % 99}\\.example$:a@x.example`,
  );
  writeFileSync(path, lines.join('\n'));
  const read: number[] = [];
  const files = new TapFiles((_, { content }) => read.push(content.count));
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const [one, other] = await Promise.all([files.of(path).content(), files.of(path).content()]);
  isOver = true;
  assert.equal(one, other);
  assert.deepEqual(read, [10_000]);
  // Ten thousand expressions take much longer than one slice on any machine.
  assert.ok(turns > 3, String(turns));
  assert.equal(one.find('user9999@customer0.example', [])?.tap.text, `line 10000: ${lines[9999]}`);
  assert.equal(one.find('user9999@customer1.example', []), undefined);
});

test('a changed file is read anew, and a broken one is told until it is mended', async (t) => {
  const { path: folder } = temporaryFolder(t, 'taps');
  const path = join(folder, 'taps');
  const changes: [number | undefined, number][] = [];
  const files = new TapFiles((_, { before, content }) => changes.push([before?.count, content.count]));
  writeFileSync(path, 'joe@:a@x.example\n');
  await files.of(path).content();
  writeFileSync(path, 'joe@:a@x.example\nann@:a@x.example\n');
  await files.of(path).content();
  writeFileSync(path, 'joe@:a@x.example\n(:a@x.example\nnothing\n');
  assert.match((await files.look()).join('; '), /^.*taps cannot be used: line 2: /);
  await assert.rejects(async () => files.of(path).content(), /line 2/);
  writeFileSync(path, 'joe@:a@x.example\n');
  assert.deepEqual(await files.look(), []);
  assert.deepEqual(changes, [
    [undefined, 1],
    [1, 2],
    [2, 1],
  ]);
  files.keep(new Set());
  assert.deepEqual(await files.look(), []);
});
