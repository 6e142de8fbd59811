// Room in the queue: what waits counts, beyond a quota nothing is taken, and what is given up or done makes room again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RoomAnswered } from '../../src/channel/room-messages.ts';
import type { EventName } from '../../src/log/event.ts';
import { QueueDesk } from '../../src/manager/queue-desk.ts';
import { DomainRooms } from '../../src/manager/provisioning/domain-rooms.ts';
import { QueueRooms } from '../../src/manager/queue-rooms.ts';
import type { RoomChannel } from '../../src/manager/reserved-room.ts';
import type { RoomAnswer } from '../../src/policy/room/types.ts';
import type { MessageHandle } from '../../src/schedule/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';

type Limits = ConstructorParameters<typeof QueueDesk>[0];

function limits(tenants: readonly object[], usual: object = {}): Limits {
  return { queue: usual, queues: [], tenant: tenants } as unknown as Limits;
}

class Channel implements RoomChannel {
  readonly answers: RoomAnswered[] = [];
  #closed: (() => void)[] = [];

  post(message: RoomAnswered): void {
    this.answers.push(message);
  }

  onClosed(callback: () => void): void {
    this.#closed.push(callback);
  }

  close(): void {
    for (const callback of this.#closed.splice(0)) callback();
  }
}

class Ground {
  readonly troubles = new Troubles();
  readonly counted: EventName[] = [];
  readonly desk: QueueDesk;
  readonly channel = new Channel();

  constructor(config: Limits) {
    const happenings = { counted: (name: EventName) => void this.counted.push(name) };
    const { troubles } = this;
    const rooms = new QueueRooms({ queue: {}, queues: [] } as never, { troubles, names: () => [] });
    const domainRooms = new DomainRooms({ troubles, desk: { ways: undefined, quotaOf: () => undefined } });
    this.desk = new QueueDesk(config, { troubles, happenings, rooms, domainRooms });
  }

  ask(queueId: string, tenant: string, sizeBytes = 1, isTrial = false, channel = this.channel): RoomAnswer {
    const mail = { queueId, tenant, sizeBytes };
    this.desk.take({ kind: 'reserve', place: 'queue', id: 7, mail, ...(isTrial && { isTrial }) }, channel);
    return (channel.answers.at(-1) ?? assert.fail()).answer;
  }

  admit(message: number, queueId: string, tenant: string, sizeBytes = 1): void {
    this.desk.admitted(message as MessageHandle, { queueId, tenant, sizeBytes, ref: { store: 0 } }, []);
  }

  done(message: number): void {
    this.desk.done(message as MessageHandle);
  }

  get levels(): readonly string[] {
    return this.troubles.list.map(({ key, level }) => `${key} ${level}`);
  }
}

const reserved = { kind: 'reserved' };
const full = (tenant: string, quantity: string, limit: number) => ({
  kind: 'full',
  full: { tenant, quantity, limit },
});

test('a tenant has the quota of its own, else that of all, and mail of no tenant has none', () => {
  const ground = new Ground(
    limits([{ name: 'shop', queueMaxMessages: 1 }, { name: 'news' }], {
      tenantMaxMessages: 2,
      tenantMaxSize: 100,
    }),
  );
  assert.deepEqual(ground.ask('A', 'shop'), reserved);
  assert.deepEqual(ground.ask('B', 'shop'), full('shop', 'messages', 1));
  assert.deepEqual(ground.ask('C', 'news', 60), reserved);
  assert.deepEqual(ground.ask('D', 'news', 41), full('news', 'bytes', 100));
  assert.deepEqual(ground.ask('D', 'news', 40), reserved);
  assert.deepEqual(ground.ask('E', 'news', 0), full('news', 'messages', 2));
  for (const queueId of ['F', 'G', 'H']) assert.deepEqual(ground.ask(queueId, '', 1_000), reserved);
  assert.deepEqual(ground.counted, ['queueFull', 'queueFull', 'queueFull']);
});

test('a message counts once, from its question until it is done', () => {
  const ground = new Ground(limits([{ name: 'shop', queueMaxMessages: 1 }]));
  assert.deepEqual(ground.ask('A', 'shop', 5), reserved);
  ground.admit(0, 'A', 'shop', 5);
  assert.deepEqual(ground.ask('B', 'shop'), full('shop', 'messages', 1));
  assert.deepEqual(ground.desk.shown, [
    { tenant: 'shop', messages: 1, bytes: 5, maxMessages: 1, maxBytes: undefined },
  ]);
  ground.done(0);
  assert.deepEqual(ground.ask('B', 'shop'), reserved);
  assert.deepEqual(ground.ask('C', 'shop'), full('shop', 'messages', 1));
  ground.desk.take({ kind: 'giveUp', place: 'queue', queueId: 'B' }, ground.channel);
  assert.deepEqual(ground.ask('C', 'shop'), reserved);
});

test('a trial takes no room, and a receiver that is lost gives up its own', () => {
  const ground = new Ground(limits([{ name: 'shop', queueMaxMessages: 1 }]));
  const other = new Channel();
  assert.deepEqual(ground.ask('', 'shop', 1, true), reserved);
  assert.deepEqual(ground.ask('A', 'shop'), reserved);
  assert.deepEqual(ground.ask('B', 'shop', 1, false, other), full('shop', 'messages', 1));
  ground.channel.close();
  assert.deepEqual(ground.ask('B', 'shop', 1, false, other), reserved);
});

test('reports of our own count, and are taken beyond the quota', () => {
  const ground = new Ground(limits([{ name: 'shop', queueMaxMessages: 1 }]));
  ground.admit(0, 'A', 'shop');
  ground.admit(1, 'REPORT', 'shop');
  assert.equal(ground.desk.shown[0]?.messages, 2);
  ground.done(0);
  assert.deepEqual(ground.ask('B', 'shop'), full('shop', 'messages', 1));
});

test('a full queue is a warning from the first refusal until a tenth of it is free', () => {
  const ground = new Ground(limits([{ name: 'shop', queueMaxMessages: 20 }]));
  for (let at = 0; at < 20; at++) ground.admit(at, `A${at}`, 'shop');
  assert.deepEqual(ground.levels, []);
  ground.ask('B', 'shop');
  assert.deepEqual(ground.levels, ['queue:shop warning']);
  ground.done(0);
  ground.done(1);
  assert.deepEqual(ground.levels, ['queue:shop warning']);
  ground.done(2);
  assert.deepEqual(ground.levels, []);
});

test('another quota holds at once, for what is in the queue already', () => {
  const ground = new Ground(limits([{ name: 'shop' }]));
  for (const at of [0, 1, 2]) ground.admit(at, `A${at}`, 'shop', 10);
  assert.deepEqual(ground.desk.shown, []);
  ground.desk.configure(limits([{ name: 'shop', queueMaxSize: 30 }]));
  assert.deepEqual(ground.ask('B', 'shop'), full('shop', 'bytes', 30));
  assert.deepEqual(ground.levels, ['queue:shop warning']);
  ground.desk.configure(limits([{ name: 'shop', queueMaxSize: 30 }, { name: 'news' }]));
  assert.deepEqual(ground.levels, ['queue:shop warning'], 'a reload of other things');
  ground.desk.configure(limits([{ name: 'shop', queueMaxSize: 31 }]));
  assert.deepEqual(ground.levels, []);
  assert.deepEqual(ground.ask('B', 'shop'), reserved);
});

test('whatever happens, counts are those of the messages that are not done, and receivers exceed no quota', () => {
  const step = fc.record({
    kind: fc.constantFrom('ask', 'store', 'giveUp', 'report', 'done', 'lost'),
    number: fc.nat(30),
    tenant: fc.constantFrom('shop', 'news', ''),
    size: fc.nat(40),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const ground = new Ground(
        limits([
          { name: 'shop', queueMaxMessages: 4 },
          { name: 'news', queueMaxSize: 100 },
        ]),
      );
      const reservedMail = new Map<string, { tenant: string; size: number }>();
      const queued = new Map<number, { tenant: string; size: number; isReport: boolean }>();
      const free: number[] = [];
      let [next, names] = [0, 0];
      const admit = (queueId: string, tenant: string, size: number, isReport: boolean): void => {
        const handle = free.pop() ?? next++;
        ground.admit(handle, queueId, tenant, size);
        queued.set(handle, { tenant, size, isReport });
      };
      for (const { kind, number, tenant, size } of steps) {
        const pending = [...reservedMail][number % Math.max(1, reservedMail.size)];
        if (kind === 'ask') {
          const queueId = `Q${names++}`;
          if (ground.ask(queueId, tenant, size).kind === 'reserved')
            reservedMail.set(queueId, { tenant, size });
        } else if (kind === 'store' && pending !== undefined) {
          reservedMail.delete(pending[0]);
          admit(pending[0], pending[1].tenant, pending[1].size, false);
        } else if (kind === 'giveUp' && pending !== undefined) {
          reservedMail.delete(pending[0]);
          ground.desk.take({ kind: 'giveUp', place: 'queue', queueId: pending[0] }, ground.channel);
        } else if (kind === 'report') admit(`R${names++}`, tenant, size, true);
        else if (kind === 'lost') {
          ground.channel.close();
          reservedMail.clear();
        } else if (kind === 'done' && queued.size > 0) {
          const handle = [...queued.keys()][number % queued.size] ?? 0;
          queued.delete(handle);
          free.push(handle);
          ground.done(handle);
        }
        for (const shown of ground.desk.shown) {
          const mail = [...queued.values()].filter((each) => each.tenant === shown.tenant);
          assert.equal(shown.messages, mail.length);
          assert.equal(
            shown.bytes,
            mail.reduce((sum, each) => sum + each.size, 0),
          );
          if (mail.some(({ isReport }) => isReport)) continue;
          assert.ok(shown.messages <= (shown.maxMessages ?? Infinity));
          assert.ok(shown.bytes <= (shown.maxBytes ?? Infinity));
        }
      }
    }),
  );
});
