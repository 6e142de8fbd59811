// Mail that is to go because its server is there again: which of it becomes due, in pieces, and counted for all who asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextTurn, nodeTimers } from '../../../src/io/timers.ts';
import { WaitingMail } from '../../../src/manager/backup/waiting-mail.ts';
import type { MessageHandle, QueuedRecipient, RecipientFacts } from '../../../src/schedule/types.ts';

type State = RecipientFacts['state'];

function recipient(message: number, domain: string, state: State = 'waiting'): QueuedRecipient {
  const facts = { queueId: `Q${message}`, recipient: 0, domain, tenant: '', state, isHeld: state === 'held' };
  return {
    ...facts,
    route: `mx:${domain}`,
    attempts: 1,
    message: message as MessageHandle,
  } as QueuedRecipient;
}

function ground(recipients: readonly QueuedRecipient[]) {
  const due: string[] = [];
  const gone = new Set<string>();
  const state = { changes: 0, walks: 0 };
  const mail = new WaitingMail({
    scheduler: {
      *recipients() {
        state.walks++;
        yield* recipients;
      },
      isQueued: (_, queueId) => !gone.has(queueId),
      retryNow: (message) => due.push(`Q${message}`),
    },
    timers: nodeTimers,
    nowMs: () => 7,
    changed: () => void state.changes++,
  });
  return { mail, due, gone, state };
}

test('messages with a recipient that is meant become due once, and those on their way are counted alone', async () => {
  const { due, mail } = ground([
    recipient(1, 'far.test'),
    recipient(1, 'far.test'),
    recipient(2, 'near.test'),
    recipient(3, 'far.test', 'active'),
    recipient(4, 'far.test', 'held'),
    recipient(5, 'far.test', 'ready'),
  ]);
  assert.equal(await mail.send(({ domain }) => domain === 'far.test'), 3);
  assert.deepEqual(due, ['Q1', 'Q5']);
});

test('a message that has left the queue meanwhile is nobody else', async () => {
  const { due, gone, mail } = ground([recipient(1, 'far.test'), recipient(2, 'far.test')]);
  gone.add('Q1');
  assert.equal(await mail.send(() => true), 1);
  assert.deepEqual(due, ['Q2']);
});

test('who asks while it walks is served by one more walk, each with a count of its own', async () => {
  const { mail, state } = ground([recipient(1, 'a.test'), recipient(2, 'b.test'), recipient(3, 'b.test')]);
  const counts = await Promise.all([
    mail.send(({ domain }) => domain === 'a.test'),
    mail.send(({ domain }) => domain === 'b.test'),
    mail.send(() => true),
    mail.send(() => false),
  ]);
  assert.deepEqual(counts, [1, 2, 3, 0]);
  assert.ok(state.walks <= 2, `${state.walks} walks`);
});

test('a long queue is walked in pieces, so that other work comes between', async () => {
  const { due, mail, state } = ground(Array.from({ length: 10_000 }, (_, at) => recipient(at, 'far.test')));
  assert.equal(await mail.send(() => true), 10_000);
  assert.equal(due.length, 10_000);
  assert.ok(state.changes >= 50, `${state.changes} changes`);
});

test('nothing more becomes due after a stop', async () => {
  const { due, mail, state } = ground(Array.from({ length: 1_000 }, (_, at) => recipient(at, 'far.test')));
  void mail.send(() => true);
  mail.stop();
  const before = due.length;
  await nextTurn(nodeTimers);
  await nextTurn(nodeTimers);
  assert.equal(due.length, before);
  assert.ok(before < 1_000 && state.walks === 1);
});

test('whatever the queue holds, due is what is meant, waits, and is not on its way', async () => {
  const states: readonly State[] = ['resolving', 'waiting', 'ready', 'active', 'held'];
  const one = fc.tuple(fc.constantFrom('far.test', 'near.test'), fc.constantFrom(...states));
  await fc.assert(
    fc.asyncProperty(fc.array(one, { maxLength: 60 }), async (list) => {
      const { due, mail } = ground(list.map(([domain, state], at) => recipient(at, domain, state)));
      const count = await mail.send(({ domain }) => domain === 'far.test');
      const meant = [...list.entries()].filter(
        ([, [domain, state]]) => domain === 'far.test' && state !== 'held',
      );
      assert.equal(count, meant.length);
      assert.deepEqual(
        due,
        meant.filter(([, [, state]]) => state !== 'active').map(([at]) => `Q${at}`),
      );
    }),
  );
});
