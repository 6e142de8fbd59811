// What counts by several limits, compared with a list of all messages; what is forgotten when there are too many keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SendingCounts } from '../../../src/policy/sending/sending-counts.ts';
import type { HandIn, SendingCharge } from '../../../src/policy/sending/types.ts';
import { handIn, rule } from './rules.ts';

const start = 1_700_000_000_000;
const hour = 3_600_000;
const pace = { kind: 'pace', longestWaitMs: 2 * hour } as const;

const rules = [
  rule('user', { messages: ['5/min', '12/h'] }),
  rule('user', { user: ['b@x.example'], recipients: ['9/min'] }),
  rule('tenant', { recipients: ['20/min'] }),
  rule('sender_domain', { messages: ['30/h'] }),
];

const messages = fc.array(
  fc.record({
    afterMs: fc.nat(30_000),
    user: fc.constantFrom('a@x.example', 'b@x.example', ''),
    tenant: fc.constantFrom('shop', ''),
    senderDomain: fc.constantFrom('x.example', ''),
    recipients: fc.integer({ min: 1, max: 12 }),
    isAccepted: fc.boolean(),
    isRestarted: fc.boolean(),
  }),
  { maxLength: 120 },
);

interface Taken {
  readonly atMs: number;
  readonly handIn: HandIn;
}

/** The sums that no period may exceed, by the list of all messages that were taken. */
function worst(all: readonly Taken[], of: (each: HandIn) => number, perMs: number): number {
  return Math.max(
    0,
    ...all.map(({ atMs: from }) =>
      all.reduce(
        (sum, each) => (each.atMs >= from && each.atMs < from + perMs ? sum + of(each.handIn) : sum),
        0,
      ),
    ),
  );
}

function assertWithinLimits(taken: readonly Taken[]): void {
  for (const user of ['a@x.example', 'b@x.example']) {
    const one = (each: HandIn): number => (each.user === user ? 1 : 0);
    assert.ok(worst(taken, one, 60_000) <= 5);
    assert.ok(worst(taken, one, hour) <= 12);
  }
  assert.ok(worst(taken, (each) => (each.user === 'b@x.example' ? each.recipients : 0), 60_000) <= 9);
  assert.ok(worst(taken, (each) => (each.tenant === 'shop' ? each.recipients : 0), 60_000) <= 20);
  assert.ok(worst(taken, (each) => (each.senderDomain === 'x.example' ? 1 : 0), hour) <= 30);
}

test('no limit is exceeded, whatever is taken back, and over restarts at any point', () => {
  fc.assert(
    fc.property(messages, (all) => {
      let counts = new SendingCounts(rules);
      const taken: Taken[] = [];
      let nowMs = start;
      for (const { afterMs, isAccepted, isRestarted, ...given } of all) {
        nowMs += afterMs;
        const message = handIn(given);
        const answer = counts.charge(message, nowMs);
        if (answer.kind === 'counted') {
          if (isAccepted) taken.push({ atMs: nowMs, handIn: message });
          else counts.release(answer.charge);
        }
        if (isRestarted) {
          const saved = JSON.parse(JSON.stringify(counts.save(nowMs))) as ReturnType<SendingCounts['save']>;
          counts = new SendingCounts(rules);
          counts.restore(saved, nowMs);
        }
      }
      assertWithinLimits(taken);
    }),
  );
});

test('a message that one limit refuses is counted by none, and is taken at the time that was said', () => {
  fc.assert(
    fc.property(messages, (all) => {
      const counts = new SendingCounts(rules);
      let nowMs = start;
      for (const { afterMs, ...given } of all) {
        nowMs += afterMs;
        const before = [...counts.uses(nowMs)];
        const answer = counts.charge(handIn(given), nowMs);
        if (answer.kind === 'counted') continue;
        assert.deepEqual([...counts.uses(nowMs)], before);
        if (answer.againAtMs === undefined) {
          assert.ok(given.user === 'b@x.example' && given.recipients > 9);
          continue;
        }
        // By another count: the list of messages goes on here.
        const later = new SendingCounts(rules);
        later.restore(counts.save(nowMs), nowMs);
        assert.equal(later.charge(handIn(given), answer.againAtMs - 1).kind, 'exceeded');
        assert.equal(later.charge(handIn(given), answer.againAtMs).kind, 'counted');
      }
    }),
  );
});

test('paced messages have their turns within the limit, and beyond the longest wait they are refused', () => {
  const counts = new SendingCounts([
    rule('user', { messages: ['10/min'], beyond: { kind: 'pace', longestWaitMs: 150_000 } }),
    rule('tenant', { messages: ['15/min'], beyond: pace }),
  ]);
  const taken: Taken[] = [];
  const charges: SendingCharge[] = [];
  for (let at = 0; at < 60; at++) {
    const message = handIn({ user: at % 2 === 0 ? 'a@x.example' : 'b@x.example', tenant: 'shop' });
    const answer = counts.charge(message, start + at);
    if (answer.kind === 'exceeded') {
      assert.equal(answer.limit.by, 'user');
      continue;
    }
    charges.push(answer.charge);
    taken.push({ atMs: answer.charge.turnMs, handIn: message });
  }
  assert.equal(
    taken.filter(({ atMs }) => atMs < start + 100).length,
    15,
    'as many as both limits let through at once',
  );
  assert.ok(worst(taken, ({ user }) => (user === 'a@x.example' ? 1 : 0), 60_000) <= 10);
  assert.ok(worst(taken, () => 1, 60_000) <= 15);
  assert.ok(taken.length > 40 && taken.length < 60, `${taken.length} were taken`);
  const uses = (): number[] =>
    counts.usesFor(handIn({ tenant: 'shop' }), start + 60).map(({ ahead }) => ahead);
  assert.deepEqual(uses(), [taken.length - 15]);
  for (const charge of charges) counts.release(charge);
  assert.deepEqual(uses(), [0]);
});

test('other limits of a reload find what was counted before', () => {
  const counts = new SendingCounts([rule('user', { messages: ['10/h'] })]);
  const message = handIn({ user: 'a@x.example' });
  for (let at = 0; at < 7; at++) assert.equal(counts.charge(message, start).kind, 'counted');
  counts.configure([rule('user', { messages: ['5/h'] })]);
  assert.equal(counts.charge(message, start).kind, 'exceeded');
  counts.configure([rule('user', { user: ['@x.example'], messages: ['8/h'] })]);
  assert.equal(counts.charge(message, start).kind, 'counted');
  assert.equal(counts.charge(message, start).kind, 'exceeded');
});

test('an operator forgets what was counted for one user, and for no other', () => {
  const counts = new SendingCounts([rule('user', { messages: ['1/h'] })]);
  for (const user of ['a@x.example', 'b@x.example']) counts.charge(handIn({ user }), start);
  assert.deepEqual(
    [...counts.uses(start)].map(({ key, used }) => [key, used]),
    [
      ['a@x.example', 1],
      ['b@x.example', 1],
    ],
  );
  assert.equal(counts.reset('user', 'a@x.example'), true);
  assert.equal(counts.reset('user', 'a@x.example'), false);
  assert.equal(counts.charge(handIn({ user: 'a@x.example' }), start).kind, 'counted');
  assert.equal(counts.charge(handIn({ user: 'b@x.example' }), start).kind, 'exceeded');
});

test('memory is bounded, and whoever makes up many senders gets rid of no count that is worth it', () => {
  const counts = new SendingCounts([rule('sender_domain', { messages: ['10/h'] })], 1000);
  const victim = handIn({ senderDomain: 'used.example' });
  for (let at = 0; at < 10; at++) counts.charge(victim, start);
  for (let at = 0; at < 20_000; at++) {
    counts.charge(handIn({ senderDomain: `d${at}.example` }), start + at);
    assert.ok(counts.size <= 1000);
  }
  assert.equal(counts.charge(victim, start + 20_000).kind, 'exceeded');
  assert.equal(counts.charge(victim, start + 2 * hour).kind, 'counted');
});

test('those that have used the smallest part of their limits leave first, and of equals the oldest', () => {
  const counts = new SendingCounts([rule('sender_domain', { messages: ['10/h'] })], 20);
  const send = (name: string, times: number): void => {
    for (let at = 0; at < times; at++) counts.charge(handIn({ senderDomain: name }), start);
  };
  for (let at = 0; at < 18; at++) send(`two${at}`, 2);
  send('one', 1);
  send('three', 3);
  send('new', 1);
  const left = [...counts.uses(start)].map(({ key }) => key);
  assert.deepEqual(left, [...Array.from({ length: 17 }, (_, at) => `two${at + 1}`), 'three', 'new']);
});

test('keys of one kind take no room from another kind', () => {
  const counts = new SendingCounts(
    [rule('user', { messages: ['10/h'] }), rule('sender_domain', { messages: ['1/h'] })],
    100,
  );
  counts.charge(handIn({ user: 'a@x.example' }), start);
  for (let at = 0; at < 1000; at++) counts.charge(handIn({ senderDomain: `d${at}.example` }), start);
  assert.equal(counts.usesFor(handIn({ user: 'a@x.example' }), start)[0]?.used, 1);
});

test('of a name that is too long only the beginning is kept, so that what is stored can be read again', () => {
  const counts = new SendingCounts([rule('user', { messages: ['1/h'] })]);
  counts.charge(handIn({ user: `${'a'.repeat(5_000)}1` }), start);
  assert.equal(counts.charge(handIn({ user: `${'a'.repeat(5_000)}2` }), start).kind, 'exceeded');
  assert.equal(counts.save(start)[0]?.key.length, 320);
});

test('what counts no more is forgotten', () => {
  const counts = new SendingCounts([rule('client', { messages: ['10/min'] })]);
  for (let at = 0; at < 50; at++) counts.charge(handIn({ client: `192.0.2.${at}` }), start);
  assert.equal(counts.save(start).length, 50);
  assert.equal(counts.save(start + 62_000).length, 0);
  assert.equal(counts.size, 0);
});
