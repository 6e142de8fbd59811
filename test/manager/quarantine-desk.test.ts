// Room in quarantine: what is held counts, beyond a limit nothing is held, and what is given up or leaves makes room again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { RoomAnswered } from '../../src/channel/room-messages.ts';
import { QuarantineCounts } from '../../src/manager/quarantine-counts.ts';
import { QuarantineDesk } from '../../src/manager/quarantine-desk.ts';
import type { RoomChannel } from '../../src/manager/reserved-room.ts';
import type { RoomAnswer } from '../../src/policy/room/types.ts';
import type { Outcome } from '../../src/spool/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';

type Limits = ConstructorParameters<typeof QuarantineDesk>[0];

function limits(all: object, tenants: readonly object[] = []): Limits {
  return { quarantine: { maxAge: 1, expired: 'delete', ...all }, tenant: tenants } as unknown as Limits;
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
  readonly desk: QuarantineDesk;
  readonly channel = new Channel();

  constructor(config: Limits) {
    this.desk = new QuarantineDesk(config, this.troubles);
  }

  ask(queueId: string, sizeBytes = 1, tenant = '', channel = this.channel, isTrial = false): RoomAnswer {
    const mail = { queueId, tenant, sizeBytes };
    this.desk.take(
      { kind: 'reserve', place: 'quarantine', id: 7, mail, ...(isTrial && { isTrial }) },
      channel,
    );
    const { id, answer } = channel.answers.at(-1) ?? assert.fail();
    assert.equal(id, 7);
    return answer;
  }

  hold(queueId: string, sizeBytes = 1, tenant = ''): void {
    this.desk.admitted({ queueId, tenant, sizeBytes, quarantine: 'spam' }, 1, true);
  }

  get levels(): readonly string[] {
    return this.troubles.list.map(({ key, level }) => `${key} ${level}`);
  }
}

const reserved = { kind: 'reserved' };
const full = (quantity: string, limit: number, tenant?: string) => ({
  kind: 'full',
  full: { tenant, quantity, limit },
});

test('beyond a number or a size, of all mail or of a tenant, there is no room', () => {
  const ground = new Ground(
    limits({ maxMessages: 3, maxSize: 100 }, [
      { name: 'shop', quarantineMaxMessages: 1 },
      { name: 'news', quarantineMaxSize: 10 },
      { name: 'free' },
    ]),
  );
  assert.deepEqual(ground.ask('A', 1, 'shop'), reserved);
  assert.deepEqual(ground.ask('B', 1, 'shop'), full('messages', 1, 'shop'));
  assert.deepEqual(ground.ask('C', 11, 'news'), full('bytes', 10, 'news'));
  assert.deepEqual(ground.ask('D', 10, 'news'), reserved);
  assert.deepEqual(ground.ask('E', 90, 'free'), full('bytes', 100));
  assert.deepEqual(ground.ask('F', 89, 'free'), reserved);
  assert.deepEqual(ground.ask('G', 0, ''), full('messages', 3));
});

test('a message counts from its question to its end, and once', () => {
  const ground = new Ground(limits({ maxMessages: 1 }));
  assert.deepEqual(ground.ask('A'), reserved);
  assert.deepEqual(ground.ask('B'), full('messages', 1));
  ground.hold('A');
  assert.deepEqual(ground.desk.shown, {
    messages: 1,
    bytes: 1,
    maxMessages: 1,
    maxBytes: undefined,
    tenants: [{ tenant: '', messages: 1, bytes: 1, maxMessages: undefined, maxBytes: undefined }],
  });
  assert.deepEqual(ground.ask('B'), full('messages', 1));
  ground.desk.settled([{ kind: 'released', queueId: 'A' }]);
  assert.deepEqual(ground.ask('B'), reserved);
  ground.desk.take({ kind: 'giveUp', place: 'quarantine', queueId: 'B' }, ground.channel);
  assert.deepEqual(ground.ask('C'), reserved);
});

test('a trial takes no room, and a receiver that is lost gives up its own', () => {
  const ground = new Ground(limits({ maxMessages: 1 }));
  const other = new Channel();
  assert.deepEqual(ground.ask('A', 1, '', ground.channel, true), reserved);
  assert.deepEqual(ground.ask('B'), reserved);
  assert.deepEqual(ground.ask('C', 1, '', other), full('messages', 1));
  ground.channel.close();
  assert.deepEqual(ground.ask('C', 1, '', other), reserved);
});

test('room that a manager has given before it died keeps nobody out, and counts when its message is there', () => {
  const before = new Ground(limits({ maxMessages: 2 }));
  before.hold('A');
  assert.deepEqual(before.ask('B'), reserved);
  // The new manager knows what is stored.
  const after = new Ground(limits({ maxMessages: 2 }));
  after.hold('A');
  assert.deepEqual(after.ask('C'), reserved);
  assert.deepEqual(after.ask('D'), full('messages', 2));
  // The receiver tells of the message, for which there was room: it is accepted, one too many.
  after.hold('B');
  after.hold('C');
  assert.equal(after.desk.shown.messages, 3);
  assert.deepEqual(after.ask('D'), full('messages', 2));
  // Room that nobody here has given cannot be given up.
  after.desk.take({ kind: 'giveUp', place: 'quarantine', queueId: 'B' }, after.channel);
  for (const queueId of ['B', 'C'])
    after.desk.settled([{ kind: 'removed', queueId, recipient: 0 } as Outcome]);
  assert.equal(after.desk.shown.messages, 1);
  assert.deepEqual(after.ask('D'), reserved);
});

test('after a restart what is held counts, and what was released does not until it is held again', () => {
  const ground = new Ground(limits({ maxMessages: 1 }));
  const mail = { queueId: 'A', sizeBytes: 5, quarantine: 'spam' };
  ground.desk.admitted(mail, 2, false);
  ground.desk.admitted({ queueId: 'N', sizeBytes: 5 }, 1, true);
  assert.equal(ground.desk.shown.messages, 0);
  ground.desk.settled([
    { kind: 'held', queueId: 'N' },
    { kind: 'held', queueId: 'A' },
  ]);
  assert.equal(ground.desk.shown.messages, 1);
  assert.equal(ground.desk.sizeOf('A'), 5);
  ground.desk.settled([{ kind: 'removed', queueId: 'A', recipient: 0 }]);
  assert.equal(ground.desk.shown.messages, 1);
  ground.desk.settled([{ kind: 'failed', queueId: 'A', recipient: 1 }]);
  assert.deepEqual([ground.desk.shown.messages, ground.desk.shown.bytes], [0, 0]);
  assert.equal(ground.desk.sizeOf('A'), undefined);
});

test('a quarantine that is nearly full is a warning, a full one is critical, and room ends both', () => {
  const ground = new Ground(limits({ maxMessages: 10 }, [{ name: 'shop', quarantineMaxSize: 100 }]));
  for (let at = 0; at < 8; at++) ground.hold(`A${at}`);
  assert.deepEqual(ground.levels, []);
  ground.hold('A8');
  assert.deepEqual(ground.levels, ['quarantine warning']);
  ground.hold('A9', 95, 'shop');
  assert.deepEqual(ground.levels.toSorted(), ['quarantine critical', 'quarantine:shop warning']);
  assert.match(
    ground.troubles.list.find(({ key }) => key === 'quarantine:shop')?.text ?? '',
    /^The quarantine of tenant shop is nearly full: 95 of 100 bytes\.$/,
  );
  ground.desk.settled([
    { kind: 'released', queueId: 'A9' },
    { kind: 'released', queueId: 'A8' },
  ]);
  assert.deepEqual(ground.levels, []);
  // A message too large for what is left is refused, although there is room for others.
  assert.deepEqual(ground.ask('B', 101, 'shop'), full('bytes', 100, 'shop'));
  assert.deepEqual(ground.levels, ['quarantine:shop critical']);
  ground.desk.configure(limits({}));
  assert.deepEqual(ground.levels, []);
  assert.deepEqual(ground.ask('B', 101, 'shop'), reserved);
});

test('whatever happens to messages, the counts are those of the messages that are held', () => {
  const step = fc.record({
    kind: fc.constantFrom('admit', 'held', 'released', 'removed', 'failed', 'delivered', 'deferred'),
    number: fc.nat(5),
    tenant: fc.constantFrom('', 'shop'),
    left: fc.integer({ min: 1, max: 3 }),
    isHeld: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const counts = new QuarantineCounts();
      const model = new Map<string, { tenant: string; bytes: number; left: number; isHeld: boolean }>();
      for (const { kind, number, tenant, left, isHeld } of steps) {
        const queueId = `Q${number}`;
        const known = model.get(queueId);
        if (kind === 'admit') {
          if (known !== undefined) continue;
          model.set(queueId, { tenant, bytes: number, left, isHeld });
          counts.admitted({ queueId, tenant, sizeBytes: number, quarantine: 'x' }, left, isHeld);
          continue;
        }
        counts.settled([{ kind, queueId, recipient: 0 } as Outcome]);
        if (known === undefined) continue;
        if (kind === 'held' || kind === 'released') known.isHeld = kind === 'held';
        else if (kind !== 'deferred' && --known.left === 0) model.delete(queueId);
      }
      for (const tenant of ['', 'shop', undefined]) {
        const held = [...model.values()].filter(
          (each) => each.isHeld && (tenant === undefined || each.tenant === tenant),
        );
        const expected = { messages: held.length, bytes: held.reduce((sum, { bytes }) => sum + bytes, 0) };
        assert.deepEqual(tenant === undefined ? counts.all : counts.of(tenant), expected);
      }
    }),
  );
});
