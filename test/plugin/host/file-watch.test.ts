// What counts as a change of a plugin's files, and which files are its own.

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';

import '../../../src/plugin/resolve-hooks.ts';
import { nodeTimers } from '../../../src/io/timers.ts';
import { FileWatch } from '../../../src/plugin/host/file-watch.ts';
import { followLoading } from '../../../src/plugin/thread/loaded-files.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

/** A plugin of two files, with a package of npm, as it was loaded. */
async function loaded(t: TestContext, folder = '') {
  const { path } = temporaryFolder(t, 'file-watch');
  const root = join(path, folder);
  const other = join(root, 'node_modules', '@some', 'package');
  mkdirSync(other, { recursive: true });
  writeFileSync(join(other, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
  writeFileSync(join(other, 'index.js'), 'export const one = 1;');
  const main = join(root, 'main.ts');
  const part = join(root, 'part.ts');
  writeFileSync(part, 'export const two: number = 2;');
  writeFileSync(main, `import '@some/package'; import './part.ts';`);
  const files = followLoading(main);
  await import(pathToFileURL(main).href);
  return {
    main,
    part,
    other: join(other, 'index.js'),
    files: files.filter(([each]) => each.startsWith(path)),
  };
}

/** @returns looks until nothing is left to be seen. It resolves to the number of changes */
function watched(t: TestContext, files: Awaited<ReturnType<typeof loaded>>['files']) {
  let changes = 0;
  const watch = new FileWatch(
    { ...nodeTimers, setInterval: () => nodeTimers.setTimeout(() => undefined, 0) },
    () => changes++,
  );
  t.after(() => watch.stop());
  watch.follow(files);
  return async (): Promise<number> => {
    const before = changes;
    for (let count = 0; count < 3; count++) await watch.look();
    return changes - before;
  };
}

test('files of the plugin are followed, and packages of npm are not', async (t) => {
  const { main, part, files } = await loaded(t);
  assert.deepEqual(
    files.map(([path]) => path),
    [main, part],
  );
});

test('a plugin that is a package of npm is followed itself', async (t) => {
  const { main, part, files } = await loaded(t, 'node_modules/plugin');
  assert.deepEqual(
    files.map(([path]) => path),
    [main, part],
  );
});

test('a change of the content is a change, once', async (t) => {
  const { part, other, files } = await loaded(t);
  const look = watched(t, files);
  assert.equal(await look(), 0);
  writeFileSync(part, 'export const two: number = 3;');
  assert.equal(await look(), 1);
  assert.equal(await look(), 0);
  writeFileSync(other, 'export const one = 2;');
  assert.equal(await look(), 0);
  rmSync(part);
  assert.equal(await look(), 1);
  writeFileSync(part, 'export const two: number = 3;');
  assert.equal(await look(), 1);
});

test('the same content is no change, whatever is done to the file', async (t) => {
  const { main, part, files } = await loaded(t);
  const look = watched(t, files);
  const acts: readonly (() => void)[] = [
    () => chmodSync(main, 0o600),
    () => utimesSync(main, 1, 1),
    () => {
      copyFileSync(part, `${part}.copy`);
      renameSync(`${part}.copy`, part);
    },
    () => writeFileSync(main, `import '@some/package'; import './part.ts';`),
  ];
  for (const act of acts) {
    act();
    assert.equal(await look(), 0, String(act));
  }
  writeFileSync(main, `import './part.ts';`);
  assert.equal(await look(), 1);
});

test('a file of which nothing is known is followed from the first look on', async (t) => {
  const { path } = temporaryFolder(t, 'file-watch');
  const file = join(path, 'later.ts');
  const look = watched(t, [[file, undefined, undefined]]);
  assert.equal(await look(), 0);
  writeFileSync(file, 'x');
  assert.equal(await look(), 1);
});
