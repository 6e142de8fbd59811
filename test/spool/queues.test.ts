// Several stores behind one contract: what befalls one of them does not touch the others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import { KeptMessages } from '../../src/spool/memory/kept-messages.ts';
import { MemoryReader } from '../../src/spool/memory/memory-reader.ts';
import { MemoryStore } from '../../src/spool/memory/memory-store.ts';
import { MemoryWriter } from '../../src/spool/memory/memory-writer.ts';
import { Queues } from '../../src/spool/queues.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { RecoveredMessage, StoreEvents, StoredRef } from '../../src/spool/types.ts';
import { contentFor, envelopeFor, mib } from './support.ts';

/** Two memory stores, each with one message to two recipients; `hitches` of a store let its opening fail so often. */
async function pair({ hitches = [0, 0] } = {}) {
  const timers = new VirtualTimers();
  const blocked: [number, string | undefined][] = [];
  const strays: RecoveredMessage[] = [];
  const forgotten: number[] = [];
  const events: (StoreEvents | undefined)[] = [];
  const stall: ((isStalled: boolean) => void)[] = [];
  const left = [...hitches];
  const stores = await Promise.all(
    [0, 1].map(async (number) => {
      const kept = new KeptMessages(mib);
      const writer = new MemoryWriter(kept, number, 2 + number, () => 1_700_000_000_000);
      const envelope = envelopeFor(writer.newQueueId(), ['a@example.net', 'b@example.net']);
      const { ref } = await writer.append({ envelope, content: [contentFor(1, 100)] });
      return { kept, ref, queueId: envelope.queueId };
    }),
  );
  const openers = stores.map(({ kept }, number) => ({
    open: async (own: StoreEvents) => {
      events[number] = own;
      if ((left[number] ?? 0) > 0) {
        left[number] = (left[number] ?? 0) - 1;
        throw new Error('EIO: simulated');
      }
      return new MemoryStore(kept, number);
    },
    isStopped: false,
    freeBytes: () => Promise.resolve(4096),
    read: (ref: StoredRef) => new MemoryReader(kept).read(ref),
    watch: (stalled: (isStalled: boolean) => void) => void (stall[number] = stalled),
  }));
  const queues = new Queues(
    openers,
    {
      onProblem: () => undefined,
      onStray: (message) => strays.push(message),
      onStopped: async (number) => void forgotten.push(number),
      onDamaged: () => undefined,
      onBlocked: (reason, number) => blocked.push([number, reason?.code]),
    },
    timers,
  );
  const found: string[] = [];
  const recover = async (): Promise<void> => {
    for await (const message of queues.recover()) found.push(message.queueId);
  };
  /** Stops or starts the second store. */
  const follow = (isStopped: boolean): Promise<void> =>
    queues.follow(
      openers.map((opener, number) => Object.assign(opener, { isStopped: isStopped && number === 1 })),
    );
  return { blocked, events, follow, forgotten, found, queues, recover, stall, stores, strays, timers };
}

test('a store that cannot be read at the start comes later, and hears then what became of its mail', async () => {
  const { blocked, found, queues, recover, stores, strays, timers } = await pair({ hitches: [0, 2] });
  const [here = assert.fail(), away = assert.fail()] = stores;
  await recover();
  assert.deepEqual(found, [here.queueId]);
  assert.deepEqual(blocked, [[1, 'SPOOL_UNREADABLE']]);
  assert.equal(queues.isWhole, false);
  assert.equal(queues.submitted(away.queueId, away.ref, 2), false);
  queues.settle([{ kind: 'delivered', queueId: away.queueId, recipient: 0 }]);
  assert.equal(queues.unstored, 1);
  await assert.rejects(queues.flush(), { code: 'SPOOL_UNREADABLE' });
  await timers.pass(10_000);
  assert.equal(strays.length, 0);
  await timers.pass(10_000);
  assert.deepEqual(
    strays.map(({ queueId, waiting }) => [queueId, waiting.map(({ index }) => index)]),
    [[away.queueId, [1]]],
  );
  assert.deepEqual(blocked.at(-1), [1, undefined]);
  assert.equal(queues.isWhole, true);
  assert.equal(queues.unstored, 0);
  queues.settle([{ kind: 'delivered', queueId: away.queueId, recipient: 1 }]);
  assert.equal(queues.locate(away.queueId), undefined);
});

test('only the mail of the store whose outcomes cannot be stored is named as blocked', async () => {
  const { blocked, events, recover } = await pair();
  await recover();
  events[1]?.onBlocked(new SpoolError('SPOOL_FULL', 'the disk is full'));
  assert.deepEqual(blocked, [[1, 'SPOOL_FULL']]);
  events[1]?.onBlocked(undefined);
  assert.deepEqual(blocked.at(-1), [1, undefined]);
});

test('what an earlier try says of its files does not block the store that has come', async () => {
  const { blocked, events, recover, timers } = await pair({ hitches: [0, 1] });
  await recover();
  const earlier = events[1];
  await timers.pass(10_000);
  earlier?.onBlocked(new SpoolError('SPOOL_FULL', 'the disk is full'));
  assert.deepEqual(blocked.at(-1), [1, undefined]);
});

test('while the disk of a store hangs, its mail is blocked, and nobody waits for it', async () => {
  const { blocked, queues, recover, stall, stores, timers } = await pair();
  await recover();
  stall[1]?.(true);
  assert.deepEqual(blocked, [[1, 'SPOOL_UNREADABLE']]);
  queues.settle([{ kind: 'held', queueId: stores[0]?.queueId ?? '' }]);
  await queues.flush();
  await queues.maintain(timers.nowMs());
  stall[1]?.(false);
  assert.deepEqual(blocked.at(-1), [1, undefined]);
});

test('a store is stopped when nothing of it is in hand, and what becomes of its mail until it is started is booked then', async () => {
  const { blocked, follow, forgotten, queues, recover, stores, strays } = await pair();
  const [, other = assert.fail()] = stores;
  await recover();
  queues.pin(other.queueId);
  queues.pin(other.queueId);
  let isClosed = false;
  const stopped = follow(true).then(() => {
    isClosed = true;
  });
  assert.deepEqual(blocked, [[1, 'SPOOL_STOPPED']]);
  queues.settle([{ kind: 'delivered', queueId: other.queueId, recipient: 0 }]);
  queues.unpin(other.queueId);
  await new Promise(setImmediate);
  assert.equal(isClosed, false);
  assert.deepEqual(forgotten, []);
  queues.unpin(other.queueId);
  await stopped;
  assert.deepEqual(forgotten, [1]);
  assert.equal(queues.locate(other.queueId), undefined);
  assert.equal(queues.states()[1]?.state, 'stopped');
  await follow(false);
  await new Promise(setImmediate);
  assert.deepEqual(
    strays.map(({ queueId, waiting }) => [queueId, waiting.map(({ index }) => index)]),
    [[other.queueId, [1]]],
  );
  assert.deepEqual(blocked.at(-1), [1, undefined]);
  assert.equal(queues.states()[1]?.state, 'open');
});

test('a store that is started before its stop has ended goes on as if nothing had happened', async () => {
  const { follow, forgotten, queues, recover, stores, strays } = await pair();
  const [, other = assert.fail()] = stores;
  await recover();
  queues.pin(other.queueId);
  const stopped = follow(true);
  await follow(false);
  queues.unpin(other.queueId);
  await stopped;
  assert.deepEqual([forgotten, strays], [[], []]);
  assert.notEqual(queues.locate(other.queueId), undefined);
  assert.equal(queues.states()[1]?.state, 'open');
});

test('a message of a store that is not known yet is added when the store has come', async () => {
  const { queues, recover, stores, strays, timers } = await pair();
  const [, other = assert.fail()] = stores;
  await recover();
  const kept = new KeptMessages(mib);
  const writer = new MemoryWriter(kept, 2, 9, () => 1_700_000_000_000);
  const envelope = envelopeFor(writer.newQueueId(), ['c@example.net']);
  const { ref } = await writer.append({ envelope, content: [contentFor(1, 100)] });
  assert.equal(queues.submitted(envelope.queueId, ref, 1), false);
  const opener = {
    isStopped: false,
    open: () => Promise.resolve(new MemoryStore(new KeptMessages(mib), 2)),
    freeBytes: () => Promise.resolve(1),
    read: (asked: StoredRef) => new MemoryReader(kept).read(asked),
    watch: () => undefined,
  };
  await queues.follow([opener, opener, opener]);
  await timers.pass(1);
  assert.deepEqual(
    strays.map(({ queueId }) => queueId),
    [envelope.queueId],
  );
  assert.notEqual(queues.locate(other.queueId), undefined);
});
