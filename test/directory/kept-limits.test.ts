// Failed log-ins and bans over the end of a process: what the next one knows, and what a broken file or a full one does.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { KeptLimits } from '../../src/directory/kept-limits.ts';
import { LoginLimits, type LoginLimitSettings } from '../../src/directory/login-limits.ts';
import type { Timers } from '../../src/io/timers.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const hour = 3_600_000;
const usual: LoginLimitSettings = {
  perClient: { count: 3, perMs: hour },
  perNetwork: { count: 1_000_000, perMs: hour },
  perUser: { count: 1_000_000, perMs: hour },
  banMs: 60_000,
  exempt: [],
};

/** One process after the other. `clock.unix` is the date; the monotonic clock of each process begins elsewhere. */
function world(t: TestContext) {
  const folder = temporaryFolder(t, 'kept');
  const path = join(folder.path, 'failed-logins');
  const clock = { unix: 1_700_000_000_000 };
  const log: string[] = [];
  let due: (() => void) | undefined;
  const timers: Pick<Timers, 'setTimeout' | 'clear'> = {
    setTimeout: (act) => {
      due = act;
      return { unref: () => timers as never };
    },
    clear: () => (due = undefined),
  };
  let starts = 0;
  const start = (settings: Partial<LoginLimitSettings> = {}, most?: number) => {
    const shift = 1_000_000 * ++starts - clock.unix;
    const nowMs = () => clock.unix + shift;
    const limits = new LoginLimits({ ...usual, ...settings }, most);
    const kept = new KeptLimits(limits, {
      path,
      log: { warn: (message) => log.push(message) },
      timers: timers as Timers,
      nowMs,
      unixMs: () => clock.unix,
    });
    const fail = (client: string, user = 'joe') => limits.failed({ client, user }, nowMs());
    const banned = (client: string, user = 'joe') => limits.banOf({ client, user }, nowMs())?.target;
    return { limits, kept, nowMs, fail, banned };
  };
  const pass = (): void => {
    const act = due;
    due = undefined;
    act?.();
  };
  return { path, clock, log, start, pass };
}

test('bans and counts go on in the next process, until the ban ends', async (t) => {
  const { clock, start, path } = world(t);
  const first = start();
  for (let count = 0; count < 4; count++) first.fail('192.0.2.7');
  for (let count = 0; count < 3; count++) first.fail('192.0.2.8');
  assert.equal(first.banned('192.0.2.7'), '192.0.2.7');
  await first.kept.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  clock.unix += 20_000;
  const second = start();
  assert.deepEqual(second.limits.bans(second.nowMs()), [
    { kind: 'client', target: '192.0.2.7', remainingMs: 40_000 },
  ]);
  assert.equal(second.banned('192.0.2.8'), undefined);
  assert.equal(second.fail('192.0.2.8').length, 1, 'three failures of before, and this one');
  await second.kept.close();
  clock.unix += 40_000;
  const third = start();
  assert.equal(third.banned('192.0.2.7'), undefined);
  assert.equal(third.banned('192.0.2.8'), '192.0.2.8');
  await third.kept.close();
});

test('a process that is killed has lost what its last second changed, and no more', async (t) => {
  const { start, pass, path } = world(t);
  const first = start();
  for (let count = 0; count < 4; count++) first.fail('192.0.2.7');
  pass();
  // As the file is when its process is killed now: the write is under way in the system, so wait until it is there.
  while (!readOrNothing(path).includes('"banned"')) await new Promise(setImmediate);
  first.fail('192.0.2.9');
  const second = start();
  assert.equal(second.banned('192.0.2.7'), '192.0.2.7');
  await first.kept.close();
  await second.kept.close();
});

test('a ban that was lifted is not there again, and clients of a user stay known', async (t) => {
  const { start } = world(t);
  const first = start({ perUser: { count: 3, perMs: hour } });
  first.limits.succeeded({ client: '198.51.100.1', user: 'joe' });
  for (let count = 0; count < 4; count++) first.fail(`192.0.2.${count}`);
  for (let count = 0; count < 4; count++) first.fail('203.0.113.1', 'sue');
  first.limits.lift('203.0.113.1', first.nowMs());
  await first.kept.close();
  const second = start({ perUser: { count: 3, perMs: hour } });
  assert.equal(second.banned('203.0.113.1', 'eve'), undefined);
  assert.equal(second.banned('203.0.113.99'), 'joe');
  assert.equal(second.banned('198.51.100.1'), undefined, 'the user has logged in from there');
  await second.kept.close();
});

test('the last line may be torn and others broken: the rest counts', async (t) => {
  const { start, path, log } = world(t);
  const first = start();
  for (let count = 0; count < 4; count++) first.fail('192.0.2.7');
  await first.kept.close();
  appendFileSync(path, '["banned","planet","x",1]\n\0\0\0\n["banned","client","192.0.2.');
  const second = start();
  assert.equal(second.banned('192.0.2.7'), '192.0.2.7');
  assert.match(log.join('\n'), /^2 lines of .* are left out$/);
  for (let count = 0; count < 4; count++) second.fail('192.0.2.8');
  await second.kept.close();
  const third = start();
  assert.equal(third.banned('192.0.2.8'), '192.0.2.8');
  assert.equal(log.length, 1);
  await third.kept.close();
});

test('a date that has jumped makes no ban longer than bans are', async (t) => {
  const { start, clock } = world(t);
  const first = start();
  for (let count = 0; count < 4; count++) first.fail('192.0.2.7');
  await first.kept.close();
  clock.unix -= 30 * 24 * hour;
  const second = start();
  assert.equal(second.limits.bans(second.nowMs())[0]?.remainingMs, 60_000);
  await second.kept.close();
});

test('a folder that cannot be written is told once, and all is stored when it can be', async (t) => {
  const { start, path, log, pass } = world(t);
  const first = start();
  mkdirSync(`${path}.new`);
  for (let count = 0; count < 4; count++) first.fail('192.0.2.7');
  pass();
  while (log.length === 0) await new Promise(setImmediate);
  pass();
  await new Promise(setImmediate);
  rmSync(`${path}.new`, { recursive: true });
  await first.kept.close();
  assert.equal(log.length, 1);
  assert.match(log.join('\n'), /^failed log-ins and bans cannot be stored/);
  const second = start();
  assert.equal(second.banned('192.0.2.7'), '192.0.2.7');
  await second.kept.close();
});

test('the file does not grow with failures', async (t) => {
  const { start, path, pass } = world(t);
  const first = start({ perClient: { count: 1_000_000, perMs: hour } });
  for (let round = 0; round < 30; round++) {
    for (let count = 0; count < 500; count++)
      first.fail(`192.0.2.${count % 250}`, `round ${round} ${'x'.repeat(300)}`);
    while (!readOrNothing(path).includes(`round ${round} `)) {
      pass();
      await new Promise(setImmediate);
    }
    const { size } = statSync(path);
    assert.ok(size < 3 * 1024 ** 2, `${size} bytes in round ${round}`);
  }
  await first.kept.close();
  assert.ok(statSync(path).size < 3 * 1024 ** 2);
});

test('a file that Sluice has not written is not read into memory', async (t) => {
  const { start, path, log } = world(t);
  writeFileSync(path, '');
  appendFileSync(path, Buffer.alloc(65 * 1024 ** 2));
  await start().kept.close();
  assert.match(log.join('\n'), /larger than any that Sluice writes/);
});

test('whoever fails under many names pushes no ban out', () => {
  const limits = new LoginLimits({ ...usual, perUser: { count: 2, perMs: hour } }, 100);
  const fail = (client: string, user: string) => limits.failed({ client, user }, 0);
  for (let count = 0; count < 3; count++) fail(`192.0.2.${count}`, 'joe');
  const isBanned = () => limits.banOf({ client: '198.51.100.1', user: 'joe' }, 1)?.target === 'joe';
  assert.ok(isBanned());
  for (let number = 0; number < 5_000; number++) fail(`2001:db8:${number.toString(16)}::1`, `name${number}`);
  assert.ok(isBanned(), 'after failures of many names');
  for (let number = 0; number < 500; number++)
    for (let count = 0; count < 4; count++) fail(`2001:db8:${number.toString(16)}::1`, `name${number}`);
  assert.ok(isBanned(), 'after as many bans as there is room for');
  assert.equal(limits.bans(1).filter(({ kind }) => kind === 'user').length, 100);
  // Whoever comes then is held to the rate.
  for (let count = 0; count < 3; count++) fail(`203.0.113.${count}`, 'late');
  assert.equal(limits.banOf({ client: '198.51.100.1', user: 'late' }, 1)?.target, 'late');
  assert.ok((limits.banOf({ client: '198.51.100.1', user: 'late' }, 1)?.remainingMs ?? 0) <= hour / 2);
});

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
