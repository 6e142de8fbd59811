// Tables follow their files: changes, mistakes, files that are being written, and their end.

import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import type { LiveTable } from '../../src/table/live-table.ts';
import { openTable } from '../../src/table/open-table.ts';
import { TableReports } from '../../src/table/table-reports.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { temporaryFolder } from '../temporary-folder.ts';

interface World {
  readonly path: string;
  readonly table: LiveTable;
  readonly troubles: Troubles;
  readonly lines: string[];
  /** Looks at the file `afterMs` after now. */
  readonly check: (afterMs: number) => Promise<void>;
  readonly has: (key: string) => Promise<string>;
}

function world(t: TestContext): World {
  const folder = temporaryFolder(t, 'table');
  const path = `${folder.path}/users.list`;
  const troubles = new Troubles();
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text.replaceAll(folder.path, ''));
  const log = { info: line, warn: line, error: line };
  const table = openTable(
    { name: 'users', kind: 'list', path },
    new TableReports('users', path, log, troubles),
  );
  folder.atEnd(() => table.close());
  return {
    path,
    table,
    troubles,
    lines,
    check: (afterMs) => table.check(Date.now() + afterMs),
    has: async (key) => (await table.lookup([key]))[0]?.kind ?? '',
  };
}

test('look-ups before the first version wait for it', async (t) => {
  const { path, check, has } = world(t);
  await writeFile(path, 'joe\n');
  const early = has('joe');
  await check(3_000);
  assert.equal(await early, 'found');
});

test('a new version is taken between two look-ups', async (t) => {
  const { path, table, check, has } = world(t);
  await writeFile(path, 'joe\n');
  await check(3_000);
  await writeFile(`${path}.new`, 'jane\n');
  await rename(`${path}.new`, path);
  assert.equal(await has('joe'), 'found');
  await check(3_000);
  assert.equal(await has('joe'), 'absent');
  assert.ok(!(table.lookup(['jane']) instanceof Promise), 'answers come at once');
});

test('a file that was written a moment ago is taken when it is the same at the next look', async (t) => {
  const { path, check, has } = world(t);
  await writeFile(path, 'joe\n');
  await check(3_000);
  await writeFile(path, 'jane\nj');
  await check(100);
  assert.equal(await has('joe'), 'found');
  await writeFile(path, 'jane\njoe\njim\n');
  await check(1_100);
  assert.equal(await has('jim'), 'absent');
  await check(1_200);
  assert.equal(await has('jim'), 'found');
});

test('a file whose last line has no end is taken ten seconds after it was written', async (t) => {
  const { path, check, has } = world(t);
  await writeFile(path, 'joe\n');
  await check(3_000);
  await writeFile(path, 'joe\njane');
  await check(9_000);
  assert.equal(await has('jane'), 'absent');
  await check(11_000);
  assert.equal(await has('jane'), 'found');
});

test('a mistake leaves in force what was read before, with a warning, until it is corrected', async (t) => {
  const { path, troubles, lines, check, has } = world(t);
  await writeFile(path, 'joe\n');
  await check(3_000);
  await writeFile(path, 'jane\nj\0m\n');
  await check(3_000);
  await check(4_000);
  assert.equal(await has('joe'), 'found');
  assert.deepEqual(
    troubles.list.map(({ key, level }) => `${key} ${level}`),
    ['table:users warning'],
  );
  await writeFile(path, 'jane\n');
  await check(5_000);
  assert.equal(await has('joe'), 'absent');
  assert.deepEqual(troubles.list, []);
  assert.deepEqual(lines, [
    'the table "users" was read from /users.list: 1 key',
    'The table "users" cannot be read from /users.list: line 2 has the control character 0x00; this is not a text file. What was read before is in force.',
    'the table "users" was read from /users.list: 1 key',
  ]);
});

test('a file that is removed or emptied leaves in force what was read before', async (t) => {
  const { path, troubles, check, has } = world(t);
  await writeFile(path, 'joe\n');
  await check(3_000);
  await writeFile(path, '');
  await check(3_000);
  assert.equal(await has('joe'), 'found');
  assert.match(troubles.list[0]?.text ?? '', /the file is empty now/);
  await rm(path);
  await check(3_000);
  assert.equal(await has('joe'), 'found');
  assert.match(troubles.list[0]?.text ?? '', /it does not exist\. What was read before/);
});

test('a table whose file was never readable fails, and heals', async (t) => {
  const { path, troubles, check, has } = world(t);
  await check(0);
  assert.equal(await has('joe'), 'failing');
  assert.equal(troubles.list[0]?.level, 'critical');
  await writeFile(path, 'joe\n');
  await check(3_000);
  assert.equal(await has('joe'), 'found');
  assert.deepEqual(troubles.list, []);
});

test('look-ups fail when the file is written without end from the start', async (t) => {
  const { path, check, has } = world(t);
  const early = has('joe');
  for (let round = 0; round < 5; round++) {
    await writeFile(path, 'joe\n'.repeat(round + 1));
    await check(0);
  }
  assert.equal(await early, 'failing');
});

test('a closed table fails', async (t) => {
  const { path, table, check, has } = world(t);
  await writeFile(path, 'joe\n');
  await check(3_000);
  table.close();
  assert.equal(await has('joe'), 'failing');
});
