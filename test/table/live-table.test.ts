// Tables follow their files: changes, mistakes, files that are being written, and their end.

import assert from 'node:assert/strict';
import { chmod, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import type { Contents, TableKind } from '../../src/table/contents.ts';
import { LiveTable } from '../../src/table/live-table.ts';
import { openTable } from '../../src/table/open-table.ts';
import { TableReports } from '../../src/table/table-reports.ts';
import type { Answer } from '../../src/table/table.ts';
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

function world(t: TestContext, kind: 'list' | 'cdb' = 'list'): World {
  const folder = temporaryFolder(t, 'table');
  const path = `${folder.path}/users.list`;
  const troubles = new Troubles();
  const lines: string[] = [];
  const line = (text: string): void => void lines.push(text.replaceAll(folder.path, ''));
  const log = { info: line, warn: line, error: line };
  const table = openTable({ name: 'users', kind, path }, new TableReports('users', path, log, troubles));
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

test('look-ups wait for five seconds when the file is written without end from the start', async (t) => {
  const { path, table, check, has } = world(t);
  const early = has('joe');
  for (let second = 1; second <= 5; second++) {
    await writeFile(path, 'joe\n'.repeat(second));
    await check(0);
    table.second();
  }
  assert.deepEqual(await early, 'failing');
  await check(3_000);
  assert.equal(await has('joe'), 'found');
});

function quietReports(): { readonly reports: TableReports; readonly troubles: Troubles } {
  const troubles = new Troubles();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  return { reports: new TableReports('users', '/users', log, troubles), troubles };
}

/** Contents whose answers come when the test says. */
class SlowContents implements Contents {
  readonly summary = '';
  readonly warnings: readonly string[] = [];
  readonly endsEarly = false;
  readonly isWhole = true;
  readonly answered = Promise.withResolvers<readonly Answer[]>();
  isClosed = false;
  lookup(): Promise<readonly Answer[]> {
    return this.answered.promise;
  }
  close(): Promise<void> {
    this.isClosed = true;
    return Promise.reject(new Error('closing failed'));
  }
}

test('replaced contents are closed when the last look-up in them is over, and a failure of that does no harm', async (t) => {
  const { path } = temporaryFolder(t, 'table');
  const opened: SlowContents[] = [];
  const kind: TableKind = {
    seesWrites: false,
    open: async ({ handle }) => {
      await handle.close();
      const contents = new SlowContents();
      opened.push(contents);
      return contents;
    },
  };
  const { reports } = quietReports();
  const table = new LiveTable('users', `${path}/users`, kind, reports);
  await writeFile(`${path}/users`, 'one');
  await table.check(Date.now() + 3_000);
  const answers = table.lookup(['joe']);
  await writeFile(`${path}/users`, 'three');
  await table.check(Date.now() + 6_000);
  const [first, second] = opened;
  assert.ok(second !== undefined && !second.isClosed);
  assert.equal(first?.isClosed, false);
  first?.answered.resolve([{ kind: 'absent' }]);
  assert.deepEqual(await answers, [{ kind: 'absent' }]);
  assert.equal(first?.isClosed, true);
});

for (const seesWrites of [false, true]) {
  test(`a file that could not be read is tried again when its rights change (seesWrites: ${seesWrites})`, async (t) => {
    const { path } = temporaryFolder(t, 'table');
    let isReadable = false;
    const kind: TableKind = {
      seesWrites,
      open: async ({ handle }) => {
        await handle.close();
        if (!isReadable) throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
        return new SlowContents();
      },
    };
    const { reports, troubles } = quietReports();
    const table = new LiveTable('users', `${path}/users`, kind, reports);
    await writeFile(`${path}/users`, 'one', { mode: 0o600 });
    await table.check(Date.now() + 3_000);
    assert.equal(troubles.list.length, 1);
    isReadable = true;
    await table.check(Date.now() + 4_000);
    assert.equal(troubles.list.length, 1, 'nothing has changed');
    await chmod(`${path}/users`, 0o644);
    await table.check(Date.now() + 5_000);
    assert.deepEqual(troubles.list, []);
  });
}

test('a look-up that failed is a trouble while the file is the same, until one succeeds', async (t) => {
  const { path } = temporaryFolder(t, 'table');
  const contents = new SlowContents();
  let answer: Answer = { kind: 'failing', reason: 'the disk fails' };
  contents.lookup = () => Promise.resolve([answer]);
  const kind: TableKind = {
    seesWrites: false,
    open: async ({ handle }) => {
      await handle.close();
      return contents;
    },
  };
  const { reports, troubles } = quietReports();
  const table = new LiveTable('users', `${path}/users`, kind, reports);
  await writeFile(`${path}/users`, 'one');
  await table.check(Date.now() + 3_000);
  await table.lookup(['joe']);
  await table.check(Date.now() + 4_000);
  assert.match(troubles.list.at(0)?.text ?? '', /cannot answer: the disk fails/);
  answer = { kind: 'absent' };
  await table.lookup(['joe']);
  await table.check(Date.now() + 5_000);
  assert.equal(troubles.list.length, 0);
});

test('a file system that hangs is a trouble after two minutes, and look-ups wait for five seconds', async (t) => {
  const { reports, troubles } = quietReports();
  const { path } = temporaryFolder(t, 'table');
  const goOn = Promise.withResolvers<void>();
  const kind: TableKind = {
    seesWrites: false,
    open: async ({ handle }) => {
      await handle.close();
      await goOn.promise;
      return new SlowContents();
    },
  };
  const table = new LiveTable('users', `${path}/users`, kind, reports);
  await writeFile(`${path}/users`, 'one');
  const check = table.check(Date.now() + 3_000);
  const answers = table.lookup(['joe']);
  for (let second = 0; second < 119; second++) table.second();
  assert.equal((await answers)[0]?.kind, 'failing');
  assert.equal(troubles.list.length, 0);
  table.second();
  assert.match(troubles.list.at(0)?.text ?? '', /its file has been read for 120 seconds/);
  goOn.resolve();
  await check;
  assert.deepEqual(troubles.list, []);
});

test('a table that was read and cannot answer is a trouble until a look-up succeeds', async (t) => {
  const { path, table, troubles, check, has } = world(t, 'cdb');
  await writeFile(`${path}.text`, 'joe\n');
  await buildCdb(path, `${path}.text`, textForms.list);
  await check(3_000);
  assert.equal(await has('joe'), 'found');
  const bytes = await readFile(path);
  await writeFile(path, bytes);
  await utimes(path, 1, 1);
  assert.equal(await has('joe'), 'failing');
  assert.match(
    troubles.list[0]?.text ?? '',
    /^The table "users" from .* cannot answer: its file was overwritten/,
  );
  assert.equal(troubles.list[0]?.level, 'critical');
  await check(3_000);
  assert.equal(await has('joe'), 'found');
  await check(3_000);
  assert.deepEqual(troubles.list, []);
  table.close();
});

test('a closed table fails', async (t) => {
  const { path, table, check, has } = world(t);
  await writeFile(path, 'joe\n');
  await check(3_000);
  table.close();
  assert.equal(await has('joe'), 'failing');
});
