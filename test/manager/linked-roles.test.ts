// Which roles are linked, and when one counts as missing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkedRoles } from '../../src/manager/linked-roles.ts';

test('a role is missing when its last process has been gone for five seconds', () => {
  let now = 0;
  const closed: (() => void)[] = [];
  const channel = { onClosed: (callback: () => void) => void closed.push(callback) };
  const linked = new LinkedRoles(() => now);
  now = 4_999;
  assert.deepEqual(linked.missing, []);
  linked.add('sender', channel);
  linked.add('sender', channel);
  now = 5_000;
  assert.deepEqual(linked.missing, ['receiver']);
  linked.add('receiver', channel);
  closed[0]?.();
  now = 60_000;
  assert.deepEqual(linked.missing, []);
  closed[1]?.();
  now = 64_999;
  assert.deepEqual(linked.missing, []);
  now = 65_000;
  assert.deepEqual(linked.missing, ['sender']);
});
