// Quotas of queues: receivers know which queues are full, at each moment, and the count is that of what waits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { FullQueuesTold } from '../../src/channel/room-messages.ts';
import { QueueRooms } from '../../src/manager/queue-rooms.ts';
import type { MessageHandle } from '../../src/schedule/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';

type Rooms = ConstructorParameters<typeof QueueRooms>[0];
interface Limit {
  readonly maxMessages?: number;
  readonly maxSize?: number;
}

const config = (queue: Limit, news: Limit): Rooms =>
  ({ queue, queues: [{ name: 'news', ...news }] }) as unknown as Rooms;

class Receiver {
  full: readonly string[] = [];
  told = 0;
  #closed: () => void = () => undefined;

  post(message: FullQueuesTold): void {
    this.full = message.queues;
    this.told++;
  }

  onClosed(callback: () => void): void {
    this.#closed = callback;
  }

  close(): void {
    this.#closed();
  }
}

class Ground {
  readonly troubles = new Troubles();
  readonly receiver = new Receiver();
  readonly rooms: QueueRooms;

  constructor(limits: Rooms, names: readonly string[] = ['news']) {
    this.rooms = new QueueRooms(limits, { troubles: this.troubles, names: () => names });
    this.rooms.addReceiver(this.receiver);
  }

  admit(message: number, store: number, sizeBytes = 1): void {
    this.rooms.admitted(message as MessageHandle, store, sizeBytes);
  }

  done(message: number): void {
    this.rooms.done(message as MessageHandle);
  }

  get levels(): readonly string[] {
    return this.troubles.list.map(({ key, level }) => `${key} ${level}`);
  }
}

test('a queue is full when as much waits as its quota says, and other queues are not', () => {
  const ground = new Ground(config({}, { maxMessages: 2 }));
  ground.admit(0, 0);
  ground.admit(1, 0);
  ground.admit(2, 1);
  assert.deepEqual(ground.receiver.full, []);
  ground.admit(3, 1);
  assert.deepEqual(ground.receiver.full, ['news']);
  assert.deepEqual(ground.levels, ['backlog:news warning']);
  assert.match(ground.troubles.list[0]?.text ?? '', /^The queue news is full: 2 messages may wait in it\./u);
  const late = new Receiver();
  ground.rooms.addReceiver(late);
  assert.deepEqual(late.full, ['news'], 'a receiver that links later knows it, too');
  late.close();
  ground.done(3);
  assert.deepEqual(ground.receiver.full, []);
  assert.deepEqual(late.full, ['news'], 'one that is gone is told nothing');
  assert.deepEqual(ground.levels, []);
});

test('the trouble lasts until a tenth of the quota is free', () => {
  const ground = new Ground(config({ maxSize: 100 }, {}), []);
  ground.admit(0, 0, 92);
  ground.admit(1, 0, 8);
  assert.deepEqual(ground.receiver.full, ['default']);
  ground.done(1);
  assert.deepEqual(ground.receiver.full, []);
  assert.deepEqual(ground.levels, ['backlog:default warning']);
  ground.admit(1, 0, 1);
  ground.done(0);
  assert.deepEqual(ground.levels, []);
  assert.deepEqual(ground.rooms.shown, [
    { queue: 'default', messages: 1, bytes: 1, maxMessages: undefined, maxBytes: 100 },
  ]);
});

test('another quota is in force at once, for what waits already', () => {
  const ground = new Ground(config({}, {}));
  for (let message = 0; message < 5; message++) ground.admit(message, 1);
  assert.deepEqual(ground.receiver.told, 0, 'without a quota nobody is told anything');
  ground.rooms.configure(config({}, { maxMessages: 5 }));
  assert.deepEqual(ground.receiver.full, ['news']);
  ground.rooms.configure(config({}, { maxMessages: 4 }));
  assert.match(ground.troubles.list[0]?.text ?? '', /4 messages may wait/u);
  ground.rooms.configure(config({}, { maxMessages: 6 }));
  assert.deepEqual([ground.receiver.full, ground.levels], [[], []]);
  ground.admit(5, 1);
  ground.rooms.configure(config({}, {}));
  assert.deepEqual([ground.receiver.full, ground.levels, ground.rooms.shown], [[], [], []]);
});

test('whatever comes and goes, just the queues are full that have no room for a further byte', () => {
  const limit = fc.record(
    { maxMessages: fc.integer({ min: 1, max: 6 }), maxSize: fc.integer({ min: 1, max: 30 }) },
    { requiredKeys: [] },
  );
  const limits = fc.tuple(limit, limit);
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ store: fc.nat(1), size: fc.nat(12) }) },
    { weight: 4, arbitrary: fc.record({ done: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ limits }) },
  );
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 60 }), (first, steps) => {
      const ground = new Ground(config(...first));
      let inForce = first;
      const waiting = new Map<number, { readonly store: number; readonly size: number }>();
      let handle = 0;
      for (const each of steps) {
        if ('limits' in each) {
          inForce = each.limits;
          ground.rooms.configure(config(...inForce));
        } else if ('done' in each) {
          const message = [...waiting.keys()][each.done];
          if (message === undefined) continue;
          waiting.delete(message);
          ground.done(message);
        } else {
          waiting.set(handle, each);
          ground.admit(handle++, each.store, each.size);
        }
        const full = ['default', 'news'].filter((_, store) => {
          const mail = [...waiting.values()].filter((one) => one.store === store);
          const bytes = mail.reduce((sum, { size }) => sum + size, 0);
          const { maxMessages = Infinity, maxSize = Infinity } = inForce[store] ?? {};
          return mail.length >= maxMessages || bytes >= maxSize;
        });
        assert.deepEqual([...ground.receiver.full].toSorted(), full);
        for (const queue of full) assert.ok(ground.levels.includes(`backlog:${queue} warning`));
      }
    }),
  );
});

test('a first quota counts what waits already, also of the default queue alone', () => {
  const alone = (queue: Limit): Rooms => ({ queue, queues: [] }) as unknown as Rooms;
  const ground = new Ground(alone({}), []);
  ground.admit(0, 0);
  ground.admit(1, 0);
  ground.rooms.configure(alone({ maxMessages: 2 }));
  assert.deepEqual(ground.receiver.full, ['default']);
  ground.done(0);
  assert.deepEqual(ground.receiver.full, []);
});
