// Tables in SQLite: changes of the database, queries that fail or take too long, and answers that are kept.

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Contents } from '../../src/table/contents.ts';
import { sqlite } from '../../src/table/kinds/sqlite.ts';
import { SqliteThread } from '../../src/table/sqlite/sqlite-thread.ts';
import type { SqliteSettings } from '../../src/table/table.ts';
import { findFile, openFound } from '../../src/table/table-file.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';

const query = 'SELECT value FROM entries WHERE key = ?';

interface World {
  readonly folder: TemporaryFolder;
  readonly path: string;
  readonly database: DatabaseSync;
}

function world(t: TestContext): World {
  const folder = temporaryFolder(t, 'sqlite');
  const path = `${folder.path}/users.sqlite`;
  const database = new DatabaseSync(path);
  folder.atEnd(() => database.close());
  database.exec("CREATE TABLE entries (key TEXT, value); INSERT INTO entries VALUES ('joe', 'one')");
  return { folder, path, database };
}

async function opened({ folder, path }: World, changes: Partial<SqliteSettings> = {}): Promise<Contents> {
  const settings = {
    name: 'users',
    kind: 'sqlite',
    path,
    query,
    timeoutMs: 60_000,
    cacheBytes: 0,
    cacheMs: 0,
  } as const;
  const kind = sqlite({ ...settings, ...changes });
  const contents = await openFound(await findFile(path, kind), kind);
  assert.ok(contents);
  folder.atEnd(() => contents.close());
  return contents;
}

test('a change of the database is seen by the next look-up', async (t) => {
  const it = world(t);
  const contents = await opened(it);
  it.database.exec("UPDATE entries SET value = 'two'");
  assert.deepEqual(await contents.lookup(['joe']), [{ kind: 'found', values: ['two'] }]);
});

test('all keys of one look-up are answered from one state of the database', async (t) => {
  const it = world(t);
  it.database.exec("PRAGMA journal_mode = WAL; INSERT INTO entries VALUES ('jane', 'one')");
  const contents = await opened(it);
  let isOver = false;
  const writing = (async () => {
    for (let round = 0; !isOver; round++) {
      it.database.exec(`UPDATE entries SET value = 'round ${round}'`);
      await new Promise(setImmediate);
    }
  })();
  for (let round = 0; round < 300; round++) {
    const [joe, jane] = await contents.lookup(['joe', 'jane']);
    assert.equal(joe?.kind, 'found');
    assert.deepEqual(joe, jane);
  }
  isOver = true;
  await writing;
});

test('numbers, NULL and bytes are texts', async (t) => {
  const it = world(t);
  it.database.exec(
    "INSERT INTO entries VALUES ('n', 9007199254740993), ('n', 1.5), ('n', NULL), ('n', x'6162')",
  );
  const contents = await opened(it);
  assert.deepEqual(await contents.lookup(['n']), [
    { kind: 'found', values: ['9007199254740993', '1.5', '', 'ab'] },
  ]);
});

test('a key is a parameter, and never a part of the query', async (t) => {
  const contents = await opened(world(t));
  assert.deepEqual(await contents.lookup(["joe' OR '1' = '1"]), [{ kind: 'absent' }]);
});

test('a query that SQLite does not understand is an error with its words', async (t) => {
  const it = world(t);
  const code = 'TABLE_QUERY';
  await assert.rejects(opened(it, { query: 'SELECT v FROM missing WHERE k = ?' }), {
    code,
    message: /no such table: missing/,
  });
  await assert.rejects(opened(it, { query: 'SELEC value' }), { code, message: /syntax error/ });
  await assert.rejects(opened(it, { query: 'DELETE FROM entries WHERE key = ?' }), {
    code,
    message: /readonly/,
  });
});

test('more than 1,000 rows and values of more than 64 KiB fail', async (t) => {
  const it = world(t);
  const insert = it.database.prepare('INSERT INTO entries VALUES (?, ?)');
  it.database.exec('BEGIN');
  for (let row = 0; row < 1001; row++) insert.run('many', row);
  insert.run('long', 'x'.repeat(65_537));
  it.database.exec('COMMIT');
  const contents = await opened(it);
  const answers = await contents.lookup(['many', 'long', 'joe']);
  assert.deepEqual(
    answers.map((answer) => (answer.kind === 'failing' ? answer.reason : answer.kind)),
    ['the query has more than 1000 rows for a key', 'the query has a value longer than 65536 bytes', 'found'],
  );
});

test('answers are kept for a while, those of one look-up together', async (t) => {
  const it = world(t);
  const contents = await opened(it, { cacheBytes: 10_000, cacheMs: 3_600_000 });
  const before = await contents.lookup(['joe', 'jane']);
  it.database.exec("UPDATE entries SET value = 'two'; INSERT INTO entries VALUES ('jane', 'new')");
  assert.equal(contents.lookup(['joe', 'jane']), before, 'at once, and the same');
  const [joe, jane] = await contents.lookup(['jane', 'joe']);
  assert.deepEqual(
    [joe, jane],
    [
      { kind: 'found', values: ['new'] },
      { kind: 'found', values: ['two'] },
    ],
  );
});

test('a database that another program holds a lock on fails after the time limit', async (t) => {
  const it = world(t);
  const contents = await opened(it, { timeoutMs: 2_000 });
  it.database.exec('BEGIN EXCLUSIVE');
  const [locked] = await contents.lookup(['joe']);
  assert.equal(locked?.kind, 'failing');
  it.database.exec('COMMIT');
  assert.deepEqual(await contents.lookup(['joe']), [{ kind: 'found', values: ['one'] }]);
});

test('a file that is no database is an error', async (t) => {
  const it = world(t);
  const { path } = it;
  writeFileSync(`${path}.text`, 'this is a text and no database at all\n'.repeat(100));
  renameSync(`${path}.text`, path);
  await assert.rejects(opened(it), { code: 'TABLE_QUERY', message: /not a database/ });
});

/** Counts to 3 million for the key "slow", in about a second. */
const slowQuery = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE ?1 = 'slow' AND i < 3000000)
SELECT max(i) FROM n`;

test('a query that does not end in time fails, and look-ups go on in another thread', async (t) => {
  const { folder, path } = world(t);
  const wakes: (() => void)[] = [];
  const thread = new SqliteThread({
    nowMs: () => 0,
    setTimeout: (act) => {
      wakes.push(act);
      const timer = { unref: () => timer };
      return timer;
    },
    setInterval: () => assert.fail(),
    clear: () => undefined,
    setImmediate,
  });
  const slow = thread.add(path, slowQuery, 1_000);
  const usual = thread.add(path, query, 1_000);
  folder.atEnd(() => {
    thread.remove(slow);
    thread.remove(usual);
  });
  const hanging = thread.lookup(slow, ['slow'], 1_000);
  const next = thread.lookup(usual, ['joe'], 1_000);
  wakes[0]?.();
  assert.deepEqual(await hanging, [{ kind: 'failing', reason: 'SQLite did not answer in time' }]);
  assert.deepEqual(await next, [{ kind: 'found', values: ['one'] }]);
});
