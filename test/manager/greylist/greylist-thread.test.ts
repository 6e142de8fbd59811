// The thread with the database of greylisting, in each way in which it can fail: every question ends.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import type { Timers } from '../../../src/io/timers.ts';
import { GreylistThread, type Thread } from '../../../src/manager/greylist/greylist-thread.ts';
import type { GreylistBatch, GreylistReply, GreylistTask } from '../../../src/manager/greylist/messages.ts';
import { keptLog } from '../../process/quiet-log.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const terms = { delayMs: 1000, windowMs: 60_000, lifetimeMs: 3_600_000, allowAfter: 0 };
const attempt: GreylistTask = {
  kind: 'attempt',
  question: { stage: 'grey', network: '192.0.2.0/24', sender: 'a@b.example', domains: ['c.example'], terms },
};

function real(t: TestContext) {
  const folder = temporaryFolder(t, 'greylist');
  const path = `${folder.path}/greylist.sqlite`;
  const log = keptLog();
  const time = { nowMs: 0 };
  const thread = new GreylistThread({ path, nowMs: () => time.nowMs, log });
  folder.atEnd(() => thread.close());
  const kind = async (): Promise<string> => {
    const result = await thread.carryOut(attempt);
    return typeof result === 'string' ? result : result.kind === 'answer' ? result.answer.kind : result.kind;
  };
  return { folder: folder.path, atEnd: folder.atEnd, path, log, time, thread, kind };
}

test('questions that come together are answered together, in their order', async (t) => {
  const { thread, time } = real(t);
  const first = thread.carryOut(attempt);
  time.nowMs = 1000;
  const rest = Array.from({ length: 600 }, () => thread.carryOut(attempt));
  const kinds = (await Promise.all([first, ...rest])).map((result) =>
    typeof result === 'object' && result.kind === 'answer' ? result.answer.kind : result,
  );
  assert.equal(kinds[0], 'waits');
  assert.deepEqual(new Set(kinds.slice(1)), new Set(['passes']));
});

test('while another program has the lock, questions fail with that; afterwards they are answered', async (t) => {
  const { path, kind, atEnd } = real(t);
  assert.equal(await kind(), 'waits');
  const other = new DatabaseSync(path);
  atEnd(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  assert.match(await kind(), /database is locked/u);
  other.exec('ROLLBACK');
  assert.equal(await kind(), 'waits');
});

test('a database that is full says so, and nothing of what is there is lost', async (t) => {
  const { path, time, kind, thread, atEnd } = real(t);
  assert.equal(await kind(), 'waits');
  await thread.close();
  const full = new DatabaseSync(path);
  atEnd(() => full.isOpen && full.close());
  // No page can be added: a bound of a connection, so that of the thread is simulated by a trigger that needs one.
  full.exec(
    "CREATE TRIGGER full BEFORE INSERT ON key BEGIN SELECT raise(ABORT, 'database or disk is full'); END",
  );
  full.close();
  assert.match(await kind(), /database or disk is full/u);
  const again = new DatabaseSync(path);
  again.exec('DROP TRIGGER full');
  again.close();
  time.nowMs = 1000;
  assert.equal(await kind(), 'passes');
});

test('a database that is gone begins anew, without a restart', async (t) => {
  const { path, kind, time } = real(t);
  assert.equal(await kind(), 'waits');
  time.nowMs = 500;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  assert.equal(await kind(), 'waits');
  time.nowMs = 1400;
  assert.equal(await kind(), 'waits', 'the time has begun anew');
  assert.ok(existsSync(path));
});

test('a damaged database is put aside, and greylisting begins anew', async (t) => {
  const { path, folder, kind, log } = real(t);
  writeFileSync(path, 'this is no database '.repeat(1000));
  assert.equal(await kind(), 'waits');
  assert.ok(readdirSync(folder).includes('greylist.sqlite.damaged'));
  assert.match(
    log.lines.join('\n'),
    /^warn .*was damaged \(file is not a database\).*greylisting begins anew/mu,
  );
});

test('a place that cannot be written to fails with a reason', async (t) => {
  const { path, kind } = real(t);
  mkdirSync(path);
  assert.match(await kind(), /^its database: /u);
});

test('a database of a newer Sluice is left as it is', async (t) => {
  const { path, kind } = real(t);
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  assert.match(await kind(), /of a newer Sluice \(version 99\)/u);
});

/** A thread that answers when it is told to, and time that passes when it is told to. */
function modelled() {
  const threads: {
    batches: GreylistBatch[];
    reply: (reply: GreylistReply) => void;
    end: (error: Error) => void;
  }[] = [];
  const due: { act: () => void; isOver: boolean }[] = [];
  const timers = {
    setTimeout: (act: () => void) => {
      const timer = { act, isOver: false };
      due.push(timer);
      return timer;
    },
    clear: (timer: { isOver: boolean } | undefined) => {
      if (timer !== undefined) timer.isOver = true;
    },
  } as unknown as Timers;
  const start = (): Thread => {
    const acts = new Map<string, (value: never) => void>();
    const batches: GreylistBatch[] = [];
    threads.push({
      batches,
      reply: (reply) => acts.get('message')?.(reply as never),
      end: (error) => acts.get('error')?.(error as never),
    });
    return {
      on: (event: string, act: (value: never) => void) => acts.set(event, act),
      postMessage: (batch) => batches.push(batch),
      ref: () => undefined,
      unref: () => undefined,
      terminate: () => new Promise(() => undefined),
    };
  };
  const parts = { path: '/nowhere', timers, nowMs: () => 7, log: { warn: () => undefined }, start };
  const thread = new GreylistThread(parts);
  const pass = (): void => {
    for (const timer of due.splice(0)) if (!timer.isOver) timer.act();
  };
  return { thread, threads, pass };
}

test('a thread that does not answer is left alone, and another takes its place, twice at most', async () => {
  const { thread, threads, pass } = modelled();
  for (let hanging = 1; hanging <= 2; hanging++) {
    const asked = thread.carryOut(attempt);
    assert.equal(threads.length, hanging);
    pass();
    assert.equal(await asked, 'its database did not answer in time');
  }
  assert.equal(await thread.carryOut(attempt), 'the disk does not answer');
  assert.equal(threads.length, 2);
});

test('when a thread ends, its questions fail, and the next begins another one', async () => {
  const { thread, threads } = modelled();
  const asked = [thread.carryOut(attempt), thread.carryOut(attempt)];
  threads[0]?.end(new Error('out of memory'));
  assert.equal(await asked[0], 'the thread of its database ended: out of memory');
  threads[1]?.reply({ results: [{ kind: 'done', changed: 0 }] });
  assert.deepEqual(await asked[1], { kind: 'done', changed: 0 });
});

test('beyond a number of questions that wait, any further one fails at once', async () => {
  const { thread } = modelled();
  for (let at = 0; at <= 20_000; at++) void thread.carryOut(attempt);
  assert.equal(await thread.carryOut(attempt), 'too many questions wait for its database');
});
