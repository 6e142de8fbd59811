// Mail that cannot be stored: one line a minute, and a trouble that ends when something can be stored again.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { StoreWatch } from '../../src/receive/store-watch.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { Troubles } from '../../src/stats/troubles.ts';

function failure(
  code: string,
  words: string,
  of = 'SPOOL_WRITE_FAILED' as 'SPOOL_FULL' | 'SPOOL_WRITE_FAILED',
) {
  const cause = Object.assign(new Error(`${code}: ${words}, open '/s/segments/${Math.random()}'`), { code });
  return new SpoolError(of, `writing to the spool in /s: ${cause.message}`, { cause });
}

function watchOf(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const lines: string[] = [];
  const troubles = new Troubles();
  const clock = { nowMs: 0 };
  const disk = { probe: () => Promise.resolve() };
  const watch = new StoreWatch({
    directory: '/s',
    log: { error: (text) => lines.push(`error ${text}`), info: (text) => lines.push(`info ${text}`) },
    troubles,
    probe: () => disk.probe(),
    nowMs: () => clock.nowMs,
  });
  t.after(() => watch.stop());
  return { watch, lines, troubles, clock, disk };
}

const readOnly = () => failure('EROFS', 'read-only file system');

test('a thousand refused messages get one log line a minute, with their number', (t) => {
  const { watch, lines, clock } = watchOf(t);
  for (let index = 0; index < 1_000; index++) watch.failed(`Q${index}`, readOnly());
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^error message Q0 was not accepted: .*EROFS: read-only file system, open/u);
  clock.nowMs = 60_000;
  watch.failed('Q1000', readOnly());
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? '', /^error message Q1000 .* \(and 999 more since the last such line\)$/u);
});

test('a different error is logged at once', (t) => {
  const { watch, lines } = watchOf(t);
  watch.failed('Q1', readOnly());
  watch.failed('Q2', failure('EIO', 'i/o error'));
  assert.deepEqual(
    lines.map((line) => /E[A-Z]+:/u.exec(line)?.[0]),
    ['EROFS:', 'EIO:'],
  );
});

test('an error of one message is logged for each, and is no trouble of the disk', (t) => {
  const { watch, lines, troubles } = watchOf(t);
  watch.failed('Q1', new SpoolError('SPOOL_BAD_ENVELOPE', 'too long'));
  watch.failed('Q2', new SpoolError('SPOOL_BAD_ENVELOPE', 'too long'));
  assert.equal(lines.length, 2);
  assert.deepEqual(troubles.list, []);
});

test('a touched reserve raises no trouble here, an exceeded quota does', (t) => {
  const { watch, troubles } = watchOf(t);
  watch.failed('Q1', new SpoolError('SPOOL_FULL', 'the spool has no room left'));
  assert.equal(troubles.list.length, 0);
  watch.failed('Q2', failure('EDQUOT', 'disk quota exceeded', 'SPOOL_FULL'));
  assert.match(troubles.list[0]?.text ?? '', /cannot be written \(EDQUOT: disk quota exceeded\)/u);
  assert.match(troubles.list[0]?.advice ?? '', /quota/u);
});

test('the trouble names the error in words that stay the same, and ends with the next message that is stored', (t) => {
  const { watch, troubles, lines } = watchOf(t);
  watch.failed('Q1', readOnly());
  const [first] = troubles.list;
  watch.failed('Q2', readOnly());
  assert.equal(troubles.list[0], first);
  assert.deepEqual(
    [first?.key, first?.level, first?.text],
    [
      'disk:write',
      'critical',
      'The spool /s cannot be written (EROFS: read-only file system): new mail is refused with a temporary error.',
    ],
  );
  watch.stored();
  assert.deepEqual(troubles.list, []);
  assert.equal(
    lines.at(-1),
    'info the spool can be written again (messages not accepted since the last line about it: 1)',
  );
});

test('without any message the trouble ends when a probe can write', async (t) => {
  const { watch, troubles, disk } = watchOf(t);
  const cleared = Promise.withResolvers<void>();
  let probes = 0;
  disk.probe = () => {
    probes++;
    return probes < 3 ? Promise.reject(readOnly()) : Promise.resolve();
  };
  watch.failed('Q1', readOnly());
  troubles.onChanged((list) => list.length === 0 && cleared.resolve());
  for (let index = 0; index < 3; index++) {
    t.mock.timers.tick(5_000);
    await new Promise((resolve) => void setImmediate(resolve)); // the probe has ended
  }
  await cleared.promise;
  assert.equal(probes, 3);
  t.mock.timers.tick(60_000);
  assert.equal(probes, 3);
});

test('after stop there are no more probes', (t) => {
  const { watch, disk } = watchOf(t);
  disk.probe = () => assert.fail('probed');
  watch.failed('Q1', readOnly());
  watch.stop();
  t.mock.timers.tick(60_000);
});
