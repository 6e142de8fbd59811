// What the trail of a process says after its end.

import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readTrail } from '../../src/crash/read-trail.ts';
import { noTrail, slotBytes, slotCount, Trail, trailBytes } from '../../src/crash/trail.ts';

function trailOf(t: TestContext): {
  readonly trail: Trail;
  readonly read: () => ReturnType<typeof readTrail>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'trail-'));
  const path = join(folder, 'trail');
  const fd = openSync(path, 'w+');
  t.after(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return { trail: new Trail(fd), read: () => readTrail(readFileSync(path)) };
}

test('what began and has not ended is in hand, the latest first', (t) => {
  const { trail, read } = trailOf(t);
  trail.begin('deliver', 'A1 to mx.example', 1);
  trail.begin('deliver', 'B2', 2);
  trail.begin('deliver', 'C3', 3);
  trail.end('deliver', 'B2', 2);
  trail.flush();
  assert.deepEqual(
    read().inHand.map(({ step, subject }) => [step, subject]),
    [
      ['deliver', 'C3'],
      ['deliver', 'A1 to mx.example'],
    ],
  );
});

test('the first word of a subject tells what has ended, and the scope does', (t) => {
  const { trail, read } = trailOf(t);
  trail.begin('deliver', 'A1 to mx.example', 1);
  trail.begin('deliver', 'A1', 2);
  trail.end('deliver', 'A1', 1);
  trail.flush();
  assert.deepEqual(
    read().inHand.map(({ subject }) => subject),
    ['A1'],
  );
});

test('all of a scope ends at once', (t) => {
  const { trail, read } = trailOf(t);
  trail.begin('deliver', 'A1', 7);
  trail.begin('deliver', 'B2', 7);
  trail.begin('deliver', 'C3', 8);
  trail.endAll(7);
  trail.flush();
  assert.deepEqual(
    read().inHand.map(({ subject }) => subject),
    ['C3'],
  );
});

test('an ending is written with what begins next', (t) => {
  const { trail, read } = trailOf(t);
  trail.begin('receive', '192.0.2.1 <a@example.com>', 1);
  assert.deepEqual(read().steps, []);
  trail.flush();
  trail.endAll(1);
  assert.equal(read().inHand[0]?.subject, '192.0.2.1 <a@example.com>');
  trail.begin('receive', '192.0.2.2 <b@example.com>', 2);
  trail.flush();
  assert.deepEqual(
    read().inHand.map(({ subject }) => subject),
    ['192.0.2.2 <b@example.com>'],
  );
});

test('the ring keeps the last slots, however many are written at once', (t) => {
  for (const [before, burst] of [
    [0, slotCount + 10],
    [slotCount - 3, 7],
    [5, slotCount],
    [0, 3 * slotCount + 1],
  ] as const) {
    const { trail, read } = trailOf(t);
    for (let each = 0; each < before; each++) trail.begin('step', `before${each}`);
    trail.flush();
    for (let each = 0; each < burst; each++) trail.begin('step', `burst${each}`);
    trail.flush();
    const { inHand } = read();
    assert.equal(inHand[0]?.subject, `burst${burst - 1}`);
    assert.equal(inHand.length, Math.min(100, before + burst));
  }
});

test('an end whose begin was overwritten ends nothing else', (t) => {
  const { trail, read } = trailOf(t);
  trail.begin('deliver', 'OLD', 1);
  for (let each = 0; each < slotCount; each++) {
    trail.begin('deliver', `X${each}`, 2);
    trail.end('deliver', `X${each}`, 2);
  }
  trail.end('deliver', 'OLD', 1);
  trail.begin('deliver', 'NEW', 1);
  trail.flush();
  assert.deepEqual(
    read().inHand.map(({ subject }) => subject),
    ['NEW'],
  );
});

test('a long subject is cut at a whole character', (t) => {
  const { trail, read } = trailOf(t);
  trail.begin('receive', `192.0.2.1 <${'ü'.repeat(400)}@example.com>`);
  trail.flush();
  const [{ subject } = { subject: '' }] = read().inHand;
  assert.match(subject, /^192\.0\.2\.1 <ü+$/u);
});

test('whatever is in the file, reading it says nothing wrong and throws nothing', () => {
  const noise = Buffer.alloc(trailBytes);
  for (let round = 0; round < 50; round++) {
    for (let at = 0; at < noise.length; at++) noise[at] = (at * 31 + round * 17 + ((at * at) >> 3)) & 0xff;
    assert.ok(readTrail(noise).steps.length <= 20);
  }
  assert.deepEqual(readTrail(Buffer.alloc(0)), { steps: [], inHand: [] });
  assert.deepEqual(readTrail(Buffer.alloc(slotBytes - 1)), { steps: [], inHand: [] });
});

test('without a file nothing is written', () => {
  noTrail.begin('deliver', 'A1');
  noTrail.end('deliver', 'A1');
  noTrail.flush();
});
