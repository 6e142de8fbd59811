// What is remembered of hosts that do not bear a kind of pipelining.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { distrustMs, PipeliningMemory } from '../../src/manager/pipelining-memory.ts';

const hung = { kind: 'across', text: 'timed out' } as const;

test('a host is served without what it did not bear for a day, and with all else', () => {
  let now = 0;
  const memory = new PipeliningMemory(() => now);
  assert.equal(memory.opened(1, '192.0.2.1:25'), undefined);
  memory.ready(1, { way: 'chunk', depth: 4 });
  memory.closed(1, hung);
  assert.deepEqual(memory.opened(2, '192.0.2.1:25'), ['across']);
  assert.deepEqual(memory.service('192.0.2.1:25'), { way: 'chunk', depth: 4 });
  now = 1_000;
  memory.closed(2, { kind: 'group', text: 'closed' });
  assert.deepEqual(memory.opened(3, '192.0.2.1:25'), ['across', 'group']);
  assert.deepEqual(memory.faults('192.0.2.1:25'), [
    { ...hung, untilMs: distrustMs },
    { kind: 'group', text: 'closed', untilMs: distrustMs + 1_000 },
  ]);
  assert.equal(memory.opened(4, '192.0.2.1:587'), undefined);
  now = distrustMs;
  assert.deepEqual(memory.opened(5, '192.0.2.1:25'), ['group']);
  now = distrustMs + 1_000;
  assert.equal(memory.opened(6, '192.0.2.1:25'), undefined);
});

test('a fault that comes again counts from then', () => {
  let now = 0;
  const memory = new PipeliningMemory(() => now);
  memory.opened(1, 'a');
  memory.opened(2, 'a');
  memory.closed(1, hung);
  now = 500;
  memory.closed(2, { ...hung, text: 'again' });
  assert.deepEqual(memory.faults('a'), [{ kind: 'across', text: 'again', untilMs: distrustMs + 500 }]);
});

test('the number of hosts that are remembered is bounded, and a closed connection is forgotten', () => {
  const memory = new PipeliningMemory(() => 0);
  memory.opened(1, 'first');
  memory.closed(1, hung);
  memory.closed(1, { kind: 'group', text: 'of nothing' });
  assert.deepEqual(memory.opened(2, 'first'), ['across']);
  for (let host = 0; host < 20_000; host++) {
    memory.opened(3, `host ${host}`);
    memory.closed(3, hung);
  }
  assert.deepEqual(memory.faults('first'), []);
});
