// The threads for slow hashes: how many compute at once, how many wait and for how long, and what happens when one fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timer, Timers } from '../../src/io/timers.ts';
import { HashPool, type HashJob, type HashResult, type HashThread } from '../../src/password/hash-pool.ts';
import { newPassword } from '../../src/password/new-password.ts';
import { parseHash } from '../../src/password/parse-hash.ts';
import type { ParsedHash } from '../../src/password/parsed-hash.ts';

const slow: ParsedHash = { kind: 'bcrypt', text: 'not computed here' };

/** A thread that answers when the test says so. */
class ModelThread implements HashThread {
  readonly jobs: HashJob[] = [];
  isEnded = false;
  isReferenced = true;
  #message: (result: HashResult) => void = () => undefined;
  #error: (error: Error) => void = () => undefined;
  on(event: 'message' | 'error', act: ((result: HashResult) => void) & ((error: Error) => void)): void {
    if (event === 'message') this.#message = act;
    else this.#error = act;
  }
  postMessage(job: HashJob): void {
    this.jobs.push(job);
  }
  answer(result: HashResult): void {
    this.#message(result);
  }
  fail(): void {
    this.#error(new Error('no memory'));
  }
  ref(): void {
    this.isReferenced = true;
  }
  unref(): void {
    this.isReferenced = false;
  }
  terminate(): Promise<void> {
    this.isEnded = true;
    return Promise.resolve();
  }
}

/** A clock that stands, and the one timer of the pool. */
class StandingTimers implements Timers {
  now = 0;
  act: (() => void) | undefined;
  readonly nowMs = (): number => this.now;
  setTimeout(act: () => void): Timer {
    this.act = act;
    const timer = { unref: () => timer };
    return timer;
  }
  setInterval(): Timer {
    return assert.fail('the pool has no interval');
  }
  clear(timer: Timer | undefined): void {
    if (timer !== undefined) this.act = undefined;
  }
  setImmediate(): void {
    assert.fail('the pool waits for no turn');
  }
}

function world(threads: number) {
  const started: ModelThread[] = [];
  const timers = new StandingTimers();
  const startThread = (): HashThread => {
    const thread = new ModelThread();
    started.push(thread);
    return thread;
  };
  return { started, timers, pool: new HashPool({ threads, timers, startThread }) };
}

test('a real thread computes a hash by Argon2id', async (t) => {
  const pool = new HashPool({ threads: 1 });
  t.after(() => pool.close());
  const read = parseHash(newPassword('right').password);
  assert.ok(read.kind === 'hash');
  assert.deepEqual(await Promise.all([pool.check(read.hash, 'right'), pool.check(read.hash, 'wrong')]), [
    { kind: 'fits' },
    { kind: 'differs' },
  ]);
});

test('a quick scheme needs no thread', async () => {
  const { pool, started } = world(1);
  assert.deepEqual(await pool.check({ kind: 'plain', text: 'a' }, 'a'), { kind: 'fits' });
  assert.equal(started.length, 0);
});

test('two threads compute two hashes at once, and the third waits', async () => {
  const { pool, started } = world(2);
  const checks = ['a', 'b', 'c'].map((password) => pool.check(slow, password));
  assert.deepEqual(
    started.map(({ jobs }) => jobs.map(({ password }) => password)),
    [['a'], ['b']],
  );
  started[1]?.answer({ fits: false });
  assert.deepEqual(await checks[1], { kind: 'differs' });
  assert.deepEqual(
    started[1]?.jobs.map(({ password }) => password),
    ['b', 'c'],
  );
  started[1]?.answer({ fits: true });
  started[0]?.answer({ fault: 'no memory' });
  assert.deepEqual(await checks[2], { kind: 'fits' });
  assert.deepEqual(await checks[0], { kind: 'unknown', reason: 'computing a hash failed: no memory' });
  assert.deepEqual(
    started.map(({ isReferenced }) => isReferenced),
    [false, false],
  );
});

test('a password that has waited for ten seconds is not computed any more, and not called wrong', async () => {
  const { pool, started, timers } = world(1);
  const first = pool.check(slow, 'a');
  const second = pool.check(slow, 'b');
  timers.now = 9_999;
  timers.act?.();
  timers.now = 10_000;
  timers.act?.();
  assert.deepEqual(await second, { kind: 'unknown', reason: 'the password waited too long to be checked' });
  started[0]?.answer({ fits: true });
  assert.deepEqual(await first, { kind: 'fits' });
  assert.equal(started[0]?.jobs.length, 1);
});

test('more passwords than may wait are turned away at once', async () => {
  const { pool } = world(1);
  for (let count = 0; count < 1_001; count++) void pool.check(slow, 'a', `192.0.2.${count % 200}`);
  assert.deepEqual(await pool.check(slow, 'b'), {
    kind: 'unknown',
    reason: 'too many passwords wait to be checked',
  });
});

test('one client cannot fill the line, and clients take turns', async () => {
  const { pool, started } = world(1);
  const order: string[] = [];
  const check = (owner: string, password: string): Promise<unknown> =>
    pool.check(slow, password, owner).then(({ kind }) => order.push(`${password} ${kind}`));
  const all = Array.from({ length: 102 }, (_, number) => check('192.0.2.1', `a${number}`));
  await all.at(-1);
  assert.deepEqual(order, ['a101 unknown'], 'one computes, and a hundred wait');
  all.push(check('192.0.2.2', 'b0'), check('192.0.2.2', 'b1'), check('192.0.2.3', 'c0'));
  for (let count = 0; count < 104; count++) started[0]?.answer({ fits: true });
  await Promise.all(all);
  assert.deepEqual(
    order.slice(1, 8).map((each) => each.split(' ')[0]),
    ['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3'],
  );
  assert.equal(order.length, 105);
});

test('those of a client that waited too long make room for its next', async () => {
  const { pool, started, timers } = world(1);
  const first = pool.check(slow, 'a', 'one');
  const late = [pool.check(slow, 'b', 'one'), pool.check(slow, 'c', 'two')];
  timers.now = 10_000;
  timers.act?.();
  assert.deepEqual(
    (await Promise.all(late)).map(({ kind }) => kind),
    ['unknown', 'unknown'],
  );
  const next = pool.check(slow, 'd', 'one');
  started[0]?.answer({ fits: true });
  started[0]?.answer({ fits: true });
  assert.deepEqual(
    [await first, await next].map(({ kind }) => kind),
    ['fits', 'fits'],
  );
});

test('a thread that ends takes one password with it, and another takes its place', async () => {
  const { pool, started } = world(1);
  const [first, second] = [pool.check(slow, 'a'), pool.check(slow, 'b')];
  started[0]?.fail();
  assert.deepEqual(await first, { kind: 'unknown', reason: 'computing a hash failed: no memory' });
  started[1]?.answer({ fits: true });
  assert.deepEqual(await second, { kind: 'fits' });
});

test('a thread that cannot be started leaves the password unknown', async () => {
  const startThread = (): HashThread => {
    throw new Error('no threads left');
  };
  const pool = new HashPool({ threads: 1, timers: new StandingTimers(), startThread });
  assert.deepEqual(await pool.check(slow, 'a'), {
    kind: 'unknown',
    reason: 'a thread for hashes cannot be started: no threads left',
  });
});

test('with fewer threads, one that is too many ends when it has answered', async () => {
  const { pool, started } = world(2);
  const checks = [pool.check(slow, 'a'), pool.check(slow, 'b')];
  pool.resize(1);
  started[1]?.answer({ fits: true });
  assert.deepEqual(await checks[1], { kind: 'fits' });
  assert.ok(started[1]?.isEnded);
  assert.ok(started[0]?.isEnded === false);
});

test('closing answers all that wait, and ends the threads', async () => {
  const { pool, started } = world(1);
  const checks = [pool.check(slow, 'a'), pool.check(slow, 'b')];
  pool.close();
  assert.deepEqual(
    (await Promise.all(checks)).map(({ kind }) => kind),
    ['unknown', 'unknown'],
  );
  assert.ok(started[0]?.isEnded);
  assert.deepEqual((await pool.check(slow, 'c')).kind, 'unknown');
});
