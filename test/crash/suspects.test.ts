// Which messages are set aside after a crash.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CrashRecord } from '../../src/crash/crash-record.ts';
import { setAsideReason, suspects } from '../../src/crash/suspects.ts';

function crash(ids: readonly string[], change: Partial<CrashRecord> = {}): CrashRecord {
  return {
    version: 1,
    process: 'sender',
    index: 0,
    pid: 17,
    endedAt: '2026-03-20T12:00:00.000Z',
    kind: 'signal',
    signal: 'SIGSEGV',
    words: '',
    inHand: ids.map((id) => ({
      step: 'deliver',
      subject: `${id} to mx.test`,
      at: '2026-03-20T11:59:00.000Z',
    })),
    steps: [],
    setAside: [],
    ...change,
  };
}

test('a message that was in hand at two crashes is set aside, and others are not', () => {
  assert.deepEqual(suspects(crash(['A', 'B']), [crash(['B', 'C'])], 2), ['B']);
  assert.deepEqual(suspects(crash(['A', 'B']), [], 2), []);
  assert.deepEqual(suspects(crash(['A']), [crash(['A'])], 3), []);
  assert.deepEqual(suspects(crash(['A']), [crash(['A']), crash(['A'])], 3), ['A']);
});

test('with 0 nothing is set aside, with 1 all that was in hand is', () => {
  assert.deepEqual(suspects(crash(['A']), [crash(['A'])], 0), []);
  assert.deepEqual(suspects(crash(['A']), [], 1), ['A']);
});

test('a process that was killed from outside says nothing about its messages', () => {
  const killed = { signal: 'SIGKILL' } as const;
  assert.deepEqual(suspects(crash(['A'], killed), [crash(['A'])], 2), []);
  assert.deepEqual(suspects(crash(['A']), [crash(['A'], killed)], 2), []);
  assert.deepEqual(suspects(crash(['A'], { signal: 'SIGUSR2' }), [crash(['A'])], 2), []);
  // The supervisor's own kill of a process that stood still does.
  const stalled = { kind: 'stalled', signal: 'SIGKILL' } as const;
  assert.deepEqual(suspects(crash(['A'], stalled), [crash(['A'], { kind: 'error' })], 2), ['A']);
});

test('a process that was stopped, or waited for a disk, says nothing about its messages', () => {
  const waited = { kind: 'stalled', signal: 'SIGKILL', isFromOutside: true } as const;
  assert.deepEqual(suspects(crash(['A'], waited), [crash(['A'])], 2), []);
  assert.deepEqual(suspects(crash(['A']), [crash(['A'], waited)], 2), []);
});

test('after a release, crashes count anew', () => {
  const before = [crash(['A'], { setAside: ['A'] }), crash(['A'])];
  assert.deepEqual(suspects(crash(['A']), before, 2), []);
  assert.deepEqual(suspects(crash(['A']), [crash(['A']), ...before], 2), ['A']);
});

test('of many messages, the ten that were begun last are set aside', () => {
  const ids = Array.from({ length: 30 }, (_, index) => `M${index}`);
  assert.deepEqual(suspects(crash(ids), [crash(ids)], 2), ids.slice(0, 10));
});

test('a message counts once for each crash, however many transactions it had, and received mail has no id', () => {
  assert.deepEqual(suspects(crash(['A', 'A']), [], 2), []);
  const receiving = {
    inHand: [{ step: 'receive', subject: '192.0.2.1 <a@b.test>', at: '2026-03-20T11:59:00.000Z' }],
  };
  assert.deepEqual(suspects(crash([], receiving), [crash([], receiving)], 2), []);
});

test('the reason is a sentence', () => {
  assert.equal(
    setAsideReason(crash([]), 2),
    'it was in hand when processes crashed 2 times, last the sender at 2026-03-20T12:00:00.000Z',
  );
});
