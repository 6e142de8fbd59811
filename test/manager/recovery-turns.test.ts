// A manager that recovers a large queue still hears what it is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecoveredMessage } from '../../src/spool/types.ts';
import { settled, VirtualTimers } from '../../sim/virtual-timers.ts';
import { ground, startMs } from './assembled.ts';
import { MemoryStore } from './memory-store.ts';

test('while messages of one segment are recovered, which come without any I/O, the event loop has turns', async (t) => {
  const store = new MemoryStore();
  const timers = new VirtualTimers();
  const messages: RecoveredMessage[] = [];
  for (let number = 0; number < 5_000; number++) {
    messages.push({
      ...store.add(['u@a.test']),
      receivedAtMs: startMs,
      sizeBytes: 10,
      reversePath: 'a@from.test',
      body: '7BIT',
      smtpUtf8: false,
      held: true,
      waiting: [{ index: 0, address: 'u@a.test', attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' }],
    });
  }
  let found = 0;
  store.recovered = Object.assign([], {
    *[Symbol.iterator]() {
      for (const message of messages) {
        found++;
        yield message;
      }
    },
  });
  const made = ground(t, { store, timers });
  while (found === 0) await settled();
  await settled();
  assert.equal(found, 1_000, 'it waits for its next turn');
  while (found < messages.length) await timers.pass(0);
  await timers.pass(0);
  assert.equal((await made).manager.recovered, 5_000);
});
