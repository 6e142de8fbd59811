// Clients that are kept waiting: how many, how long, and what is left when they go.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Deadlines } from '../../../src/io/deadlines.ts';
import { Delays } from '../../../src/policy/delays/delays.ts';
import { PassedClients } from '../../../src/policy/delays/passed-clients.ts';

function wheel() {
  const clock = { now: 0 };
  const deadlines = new Deadlines({ now: () => clock.now });
  return {
    delays: new Delays(deadlines),
    pass: async (ms: number) => {
      clock.now += ms;
      deadlines.advance();
      await Promise.resolve();
    },
  };
}

test('a client waits its time, and others beyond the most do not wait', async () => {
  const { delays, pass } = wheel();
  delays.configure(1);
  const first = {};
  let isOver = false;
  void delays.wait(first, 5_000)?.then(() => (isOver = true));
  assert.equal(delays.wait({}, 5_000), undefined);
  assert.equal(delays.wait(first, 5_000), undefined);
  await pass(4_000);
  assert.equal(isOver, false);
  await pass(2_000);
  assert.equal(isOver, true);
  assert.equal(delays.waiting, 0);
  assert.ok(delays.wait({}, 5_000) !== undefined);
});

test('where nobody may wait, nobody does', () => {
  const { delays } = wheel();
  assert.equal(delays.wait({}, 5_000), undefined);
});

test('who goes frees its place, and a time that is over later changes nothing', async () => {
  const { delays, pass } = wheel();
  delays.configure(1);
  const who = {};
  const wait = delays.wait(who, 5_000);
  delays.end(who);
  await wait;
  assert.equal(delays.waiting, 0);
  const again = delays.wait(who, 50_000);
  assert.ok(again !== undefined);
  await pass(6_000);
  assert.equal(delays.waiting, 1);
  delays.end({});
  assert.equal(delays.waiting, 1);
});

test('whatever comes and goes, there are never more than the most, and in the end nobody waits', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 5 }),
      fc.array(
        fc.record({ who: fc.nat(8), act: fc.constantFrom('wait', 'end', 'pass'), ms: fc.nat(20_000) }),
      ),
      async (most, steps) => {
        const { delays, pass } = wheel();
        delays.configure(most);
        const all = Array.from({ length: 9 }, () => ({}));
        const waits: (Promise<void> | undefined)[] = [];
        for (const { who, act, ms } of steps) {
          const one = all[who] ?? assert.fail();
          if (act === 'wait') waits.push(delays.wait(one, ms));
          else if (act === 'end') delays.end(one);
          else await pass(ms);
          assert.ok(delays.waiting <= most);
        }
        await pass(3_600_000);
        assert.equal(delays.waiting, 0);
        await Promise.all(waits);
      },
    ),
  );
});

test('a client that has passed is remembered for its time, with its whole network in IPv6', () => {
  const passed = new PassedClients();
  passed.add('192.0.2.9', 1_000);
  passed.add('2001:db8:1:2::9', 1_000);
  assert.ok(passed.has('192.0.2.9', 999));
  assert.ok(!passed.has('192.0.2.10', 999));
  assert.ok(passed.has('2001:db8:1:2:ffff::1', 999));
  assert.ok(!passed.has('2001:db8:1:3::9', 999));
  assert.ok(!passed.has('192.0.2.9', 1_000));
  passed.add('192.0.2.9', 2_000);
  passed.forget('192.0.2.9');
  assert.ok(!passed.has('192.0.2.9', 1_500));
});
