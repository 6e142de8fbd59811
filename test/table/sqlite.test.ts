// Tables in SQLite: changes of the database, queries that fail or take too long, and answers that are kept.

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Contents } from '../../src/table/contents.ts';
import { sqlite } from '../../src/table/kinds/sqlite.ts';
import type { Timers } from '../../src/io/timers.ts';
import type { Reply, ToThread } from '../../src/table/sqlite/messages.ts';
import { SqliteThread, type Thread } from '../../src/table/sqlite/sqlite-thread.ts';
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

test('a database that takes the place of another one by its name is seen by the next look-up', async (t) => {
  const it = world(t);
  const contents = await opened(it);
  renameSync(it.path, `${it.path}.away`);
  assert.equal((await contents.lookup(['joe']))[0]?.kind, 'failing');
  using other = new DatabaseSync(`${it.path}.new`);
  other.exec("CREATE TABLE entries (key TEXT, value TEXT); INSERT INTO entries VALUES ('joe', 'other')");
  renameSync(`${it.path}.new`, it.path);
  assert.deepEqual(await contents.lookup(['joe']), [{ kind: 'found', values: ['other'] }]);
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

test('numbers and bytes are texts; an empty text is a value, and NULL is none', async (t) => {
  const it = world(t);
  it.database.exec(
    "INSERT INTO entries VALUES ('n', 9007199254740993), ('n', 1.5), ('n', NULL), ('n', ''), ('n', x'6162')",
  );
  const contents = await opened(it);
  assert.deepEqual(await contents.lookup(['n']), [
    { kind: 'found', values: ['9007199254740993', '1.5', '', 'ab'] },
  ]);
});

test('a key whose rows have only NULL is absent, as is one of an aggregate without rows', async (t) => {
  const it = world(t);
  it.database.exec("INSERT INTO entries VALUES ('n', NULL), ('n', NULL)");
  assert.deepEqual(await (await opened(it)).lookup(['n']), [{ kind: 'absent' }]);
  const aggregate = await opened(it, { query: 'SELECT max(value) FROM entries WHERE key = ?' });
  const [missing, joe] = await aggregate.lookup(['nobody', 'joe']);
  assert.equal(missing?.kind, 'absent');
  assert.equal(joe?.kind, 'found');
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

test('a database that another program holds a lock on fails after the time that SQLite waits for it', async (t) => {
  const { folder, path, database } = world(t);
  const thread = new SqliteThread();
  // The thread itself has a minute, so that a busy machine does not decide.
  const look = () => thread.lookup(asked, ['joe'], 60_000);
  const asked = thread.add(path, query, 500);
  folder.atEnd(() => thread.remove(asked));
  assert.equal((await look())[0]?.kind, 'found');
  database.exec('BEGIN EXCLUSIVE');
  const [locked] = await look();
  assert.match(locked?.kind === 'failing' ? locked.reason : '', /locked/);
  database.exec('COMMIT');
  assert.deepEqual(await look(), [{ kind: 'found', values: ['one'] }]);
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

/** A thread that answers when the test says, and one whose end the test decides. */
class FakeThread implements Thread {
  readonly sent: ToThread[] = [];
  readonly ended = Promise.withResolvers<void>();
  #reply: (replies: readonly Reply[]) => void = () => undefined;
  on(event: 'message' | 'error', act: (message: never) => void): void {
    if (event === 'message') this.#reply = act as (replies: readonly Reply[]) => void;
  }
  postMessage(message: ToThread): void {
    this.sent.push(message);
  }
  ref(): void {}
  unref(): void {}
  terminate(): Promise<void> {
    return this.ended.promise;
  }
  answer(): void {
    const questions = this.sent.at(-1)?.questions ?? [];
    this.#reply(questions.map(({ keys }) => keys.map(() => ({ kind: 'absent' }))));
  }
}

function fakeThreads() {
  const threads: FakeThread[] = [];
  const wakes: (() => void)[] = [];
  let nowMs = 0;
  const timers: Timers = {
    nowMs: () => nowMs,
    setTimeout: (act) => {
      wakes.push(act);
      const timer = { unref: () => timer };
      return timer;
    },
    setInterval: () => assert.fail(),
    clear: () => undefined,
    setImmediate,
  };
  const thread = new SqliteThread(timers, () => {
    const fake = new FakeThread();
    threads.push(fake);
    return fake;
  });
  return { thread, threads, timeIsUp: () => wakes.at(-1)?.(), pass: (ms: number) => (nowMs += ms) };
}

test('look-ups that wait are asked together, 64 at a time, and late ones not at all', async () => {
  const { thread, threads, pass } = fakeThreads();
  const database = thread.add('/a', query, 500);
  const answers = Array.from({ length: 100 }, (_, index) => thread.lookup(database, [`${index}`], 1_000));
  const late = thread.lookup(database, ['late'], 10);
  pass(20);
  assert.equal(threads[0]?.sent[0]?.questions.length, 1);
  threads[0]?.answer();
  assert.equal(threads[0]?.sent[1]?.questions.length, 64);
  threads[0]?.answer();
  assert.equal(threads[0]?.sent[2]?.questions.length, 35);
  threads[0]?.answer();
  assert.ok((await Promise.all(answers)).every(([answer]) => answer?.kind === 'absent'));
  assert.deepEqual(await late, [{ kind: 'failing', reason: 'SQLite did not answer in time' }]);
});

test('when two threads hang, look-ups fail at once until one of them has ended', async () => {
  const { thread, threads, timeIsUp } = fakeThreads();
  const database = thread.add('/a', query, 500);
  for (let count = 0; count < 2; count++) {
    const hanging = thread.lookup(database, ['joe'], 1_000);
    timeIsUp();
    assert.equal((await hanging)[0]?.kind, 'failing');
  }
  const reason = 'the queries of earlier look-ups in SQLite have not ended';
  assert.deepEqual(await thread.lookup(database, ['joe'], 1_000), [{ kind: 'failing', reason }]);
  assert.equal(threads.length, 2);
  threads[0]?.ended.resolve();
  await new Promise(setImmediate);
  const later = thread.lookup(database, ['joe'], 1_000);
  threads[2]?.answer();
  assert.deepEqual(await later, [{ kind: 'absent' }]);
});

test('of 10,001 look-ups that wait the last one fails', async () => {
  const { thread } = fakeThreads();
  const database = thread.add('/a', query, 500);
  for (let count = 0; count <= 10_000; count++) void thread.lookup(database, ['joe'], 1_000);
  const reason = 'too many look-ups wait for SQLite';
  assert.deepEqual(await thread.lookup(database, ['joe'], 1_000), [{ kind: 'failing', reason }]);
});

test('a thread that cannot be started is an answer', async () => {
  const thread = new SqliteThread(undefined, () => {
    throw new Error('no memory');
  });
  const database = thread.add('/a', query, 500);
  const reason = 'a thread for SQLite cannot be started: no memory';
  assert.deepEqual(await thread.lookup(database, ['joe'], 1_000), [{ kind: 'failing', reason }]);
});

test('a database that is removed is closed, and the thread ends with the last one', () => {
  const { thread, threads } = fakeThreads();
  const first = thread.add('/a', query, 500);
  const second = thread.add('/b', query, 500);
  void thread.lookup(first, ['joe'], 1_000);
  threads[0]?.answer();
  thread.remove(first);
  assert.deepEqual(threads[0]?.sent.at(-1), { questions: [], close: [first.id] });
  thread.remove(second);
  void thread.lookup(thread.add('/c', query, 500), ['joe'], 1_000);
  assert.equal(threads.length, 2);
});
