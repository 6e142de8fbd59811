// Quotas of domains by their records: receivers know which domains are full, at each moment, and the count is that of what waits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { FullDomainsTold } from '../../../src/channel/room-messages.ts';
import { DomainRooms } from '../../../src/manager/provisioning/domain-rooms.ts';
import type { RoomLimit } from '../../../src/policy/room/types.ts';
import type { MessageHandle } from '../../../src/schedule/types.ts';
import { Troubles } from '../../../src/stats/troubles.ts';

/** What a receiver makes of what it is told. */
class Receiver {
  readonly full = new Set<string>();

  post({ full, free }: FullDomainsTold): void {
    for (const domain of full) this.full.add(domain);
    for (const domain of free) this.full.delete(domain);
  }

  onClosed(): void {}
}

class Ground {
  readonly troubles = new Troubles();
  readonly quotas = new Map<string, RoomLimit>();
  readonly receiver = new Receiver();
  readonly rooms = new DomainRooms({
    troubles: this.troubles,
    desk: { ways: true, quotaOf: (domain) => this.quotas.get(domain) },
  });

  constructor() {
    this.rooms.addReceiver(this.receiver);
  }

  admit(message: number, domains: readonly string[], sizeBytes = 1): void {
    this.rooms.admitted(message as MessageHandle, domains, sizeBytes);
  }

  done(message: number): void {
    this.rooms.done(message as MessageHandle);
  }
}

test('a domain is full when as much waits for it as its record allows, and others are not', () => {
  const ground = new Ground();
  ground.quotas.set('a.test', { messages: 2 });
  ground.admit(0, ['a.test', 'a.test', 'b.test']);
  assert.deepEqual([...ground.receiver.full], []);
  ground.admit(1, ['a.test']);
  assert.deepEqual([...ground.receiver.full], ['a.test']);
  assert.match(ground.troubles.list[0]?.text ?? '', /^As much mail waits for a\.test as the quota/u);
  const late = new Receiver();
  ground.rooms.addReceiver(late);
  assert.deepEqual([...late.full], ['a.test'], 'a receiver that links later knows it, too');
  ground.done(0);
  assert.deepEqual([[...ground.receiver.full], ground.troubles.list], [[], []]);
});

test('another quota is in force for what waits already', () => {
  const ground = new Ground();
  for (let message = 0; message < 5; message++) ground.admit(message, ['a.test'], 10);
  ground.quotas.set('a.test', { bytes: 50 });
  ground.rooms.look('a.test');
  assert.deepEqual([...ground.receiver.full], ['a.test']);
  ground.quotas.set('a.test', { bytes: 51 });
  ground.rooms.lookAtFull();
  assert.deepEqual([[...ground.receiver.full], ground.troubles.list], [[], []]);
});

test('many full domains reach a receiver that links later, all of them', () => {
  const ground = new Ground();
  for (let each = 0; each < 1_234; each++) {
    ground.quotas.set(`d${each}.test`, { messages: 1 });
    ground.admit(each, [`d${each}.test`]);
  }
  const late = new Receiver();
  ground.rooms.addReceiver(late);
  assert.equal(late.full.size, 1_234);
});

test('whatever comes and goes, just the domains are full that have no room for a further byte', () => {
  const domains = ['a.test', 'b.test', 'c.test'];
  const limit = fc.record(
    { messages: fc.integer({ min: 1, max: 5 }), bytes: fc.integer({ min: 1, max: 30 }) },
    { requiredKeys: [] },
  );
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        to: fc.subarray(domains, { minLength: 1 }),
        size: fc.integer({ min: 1, max: 12 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ done: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ of: fc.constantFrom(...domains), limit }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ground = new Ground();
      const waiting = new Map<number, { readonly to: readonly string[]; readonly size: number }>();
      let handle = 0;
      for (const each of steps) {
        if ('limit' in each) {
          ground.quotas.set(each.of, each.limit);
          ground.rooms.look(each.of);
        } else if ('done' in each) {
          const message = [...waiting.keys()][each.done];
          if (message === undefined) continue;
          waiting.delete(message);
          ground.done(message);
        } else {
          waiting.set(handle, each);
          ground.admit(handle++, each.to, each.size);
        }
        const full = domains.filter((domain) => {
          const mail = [...waiting.values()].filter(({ to }) => to.includes(domain));
          const { messages = Infinity, bytes = Infinity } = ground.quotas.get(domain) ?? {};
          return mail.length >= messages || mail.reduce((sum, { size }) => sum + size, 0) >= bytes;
        });
        assert.deepEqual([...ground.receiver.full].toSorted(), full);
        assert.equal(ground.troubles.list.length, full.length > 0 ? 1 : 0);
      }
    }),
  );
});
