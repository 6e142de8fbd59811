// The queue of received bytes counts those that were read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputQueue } from '../../../../src/protocol/smtp/server/input-queue.ts';

test('bytes count as used when they were read, and a byte that was given back counts once', () => {
  const input = new InputQueue();
  input.push(Buffer.from('abc'));
  assert.equal(input.usedBytes, 0);
  input.position = 1;
  assert.equal(input.usedBytes, 1);
  input.push(Buffer.from('de'));
  for (const [left, bytes] of [
    [3, 'e'],
    [2, 'd'],
    [1, 'c'],
  ] as const) {
    const last = input.takeLast();
    assert.equal(String(last), bytes);
    assert.equal(input.size, left);
    assert.equal(input.usedBytes, 1);
  }
  input.push(Buffer.from('cde'));
  while (input.hasBytes()) input.position++;
  assert.equal(input.usedBytes, 5);
});
