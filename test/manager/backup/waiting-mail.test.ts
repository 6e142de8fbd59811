// Mail that is to go because its server is there again: which of it becomes due, in pieces, and counted for all who asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextTurn, nodeTimers, type Timers } from '../../../src/io/timers.ts';
import { WaitingMail } from '../../../src/manager/backup/waiting-mail.ts';
import type { MessageHandle, RecipientFacts, WaitingRecipient } from '../../../src/schedule/types.ts';

type State = RecipientFacts['state'];

interface Waiting {
  readonly message: number;
  readonly domain: string;
  readonly state: State;
}

function recipient(message: number, domain: string, state: State = 'waiting'): Waiting {
  return { message, domain, state };
}

/** Recipients of a message have their index in it. */
function ground(recipients: readonly Waiting[], timers: Timers = nodeTimers) {
  const due: string[] = [];
  const gone = new Set<number>();
  const state = { changes: 0, walks: 0 };
  const byMessage = Map.groupBy(recipients, ({ message }) => message);
  const mail = new WaitingMail({
    scheduler: {
      *messages() {
        state.walks++;
        yield* byMessage.keys() as IterableIterator<MessageHandle>;
      },
      recipientsOf: (message) =>
        gone.has(message)
          ? []
          : byMessage.get(message)!.map((each, index): WaitingRecipient => ({
              queueId: `Q${message}`,
              recipient: index,
              domain: each.domain,
              tenant: '',
              state: each.state,
              isHeld: each.state === 'held',
              route: `mx:${each.domain}`,
              attempts: 1,
              lastRefusal: '',
            })),
      retryNow: (message, _, extra) => due.push(...[...extra!].map((index) => `Q${message}.${index}`)),
    },
    timers,
    nowMs: () => 7,
    changed: () => void state.changes++,
  });
  return { mail, due, gone, state };
}

test('recipients that are meant become due, not others of their message, and those on their way are counted alone', async () => {
  const { due, mail } = ground([
    recipient(1, 'far.test'),
    recipient(1, 'near.test'),
    recipient(1, 'far.test'),
    recipient(2, 'near.test'),
    recipient(3, 'far.test', 'active'),
    recipient(4, 'far.test', 'held'),
    recipient(5, 'far.test', 'ready'),
  ]);
  assert.equal(await mail.send(({ domain }) => domain === 'far.test'), 3);
  assert.deepEqual(due, ['Q1.0', 'Q1.2', 'Q5.0']);
});

test('a message that has left the queue meanwhile is nobody else', async () => {
  const { due, gone, mail } = ground([recipient(1, 'far.test'), recipient(2, 'far.test')]);
  gone.add(1);
  assert.equal(await mail.send(() => true), 1);
  assert.deepEqual(due, ['Q2.0']);
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

test('after a long walk the next one waits, and all who ask meanwhile are served by it', async () => {
  const waits: { readonly delayMs: number; readonly act: () => void }[] = [];
  const timer = { unref: () => timer };
  const setTimeout = (act: () => void, delayMs: number) => (waits.push({ act, delayMs }), timer);
  const queue = Array.from({ length: 1_500 }, (_, at) => recipient(at, 'far.test'));
  const { mail, state } = ground(queue, { ...nodeTimers, setTimeout });
  assert.equal(await mail.send(() => true), 1_500);
  const others = [mail.send(() => true), mail.send(() => false)];
  await nextTurn(nodeTimers);
  assert.equal(state.walks, 1);
  assert.deepEqual(
    waits.map(({ delayMs }) => delayMs),
    [15],
  );
  waits[0]!.act();
  assert.deepEqual(await Promise.all(others), [1_500, 0]);
  assert.equal(state.walks, 2);
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
        meant.filter(([, [, state]]) => state !== 'active').map(([at]) => `Q${at}.0`),
      );
    }),
  );
});
