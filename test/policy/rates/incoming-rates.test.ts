// What comes in is counted for each stage and key: no period has more than a rate allows, and memory is bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IncomingRates } from '../../../src/policy/rates/incoming-rates.ts';
import type { RateAllowance } from '../../../src/policy/rates/types.ts';

const minute = 60_000;
const perMinute = (quantity: RateAllowance['quantity'], count: number): RateAllowance => ({
  quantity,
  rate: { count, perMs: minute },
});

function rates(...allowances: readonly RateAllowance[]): IncomingRates {
  const made = new IncomingRates();
  made.configure([{ stage: 'r', allowances, mostKeys: 1000 }]);
  return made;
}

const of = (key: string, events: object) => ({ stage: 'r', key, events });

test('beyond a rate, the time is told from which one more is within it', () => {
  const own = rates(perMinute('messages', 2));
  assert.deepEqual(own.take(of('a', { messages: 1 }), 0), { kind: 'within' });
  assert.deepEqual(own.take(of('a', { messages: 1 }), 10_000), { kind: 'within' });
  const beyond = own.take(of('a', { messages: 1 }), 20_000);
  assert.ok(beyond.kind === 'exceeded' && beyond.quantity === 'messages');
  assert.equal(beyond.againMs, minute + 1000 - 20_000);
  assert.equal(own.take(of('a', { messages: 1 }), 20_000 + beyond.againMs).kind, 'within');
  assert.equal(own.take(of('b', { messages: 1 }), 20_000).kind, 'within');
});

test('what is beyond one rate is counted by none', () => {
  const own = rates(perMinute('messages', 5), perMinute('recipients', 1));
  assert.equal(own.take(of('a', { messages: 1, recipients: 1 }), 0).kind, 'within');
  assert.equal(own.take(of('a', { messages: 1, recipients: 1 }), 1).kind, 'exceeded');
  assert.equal([...own.uses(2)].find(({ quantity }) => quantity === 'messages')?.used, 1);
});

test('refused recipients are counted as they happen, and then nothing more is taken', () => {
  const own = rates(perMinute('refused_recipients', 3));
  for (let at = 0; at < 3; at++) {
    assert.equal(own.take(of('a', { recipients: 1 }), at).kind, 'within');
    own.note(of('a', { refused_recipients: 1 }), at);
  }
  const beyond = own.take(of('a', { connections: 1 }), 3);
  assert.ok(beyond.kind === 'exceeded' && beyond.quantity === 'refused_recipients');
  assert.equal(own.take(of('a', { messages: 1 }), 62_000).kind, 'within');
});

test('a trial counts nothing', () => {
  const own = rates(perMinute('messages', 1));
  for (let at = 0; at < 3; at++)
    assert.equal(own.take({ ...of('a', { messages: 1 }), isTrial: true }, at).kind, 'within');
  assert.deepEqual([...own.uses(3)], []);
});

test('other rates come into force without forgetting, and stages that are gone are forgotten', () => {
  const own = rates(perMinute('messages', 2));
  own.take(of('a', { messages: 1 }), 0);
  own.configure([{ stage: 'r', allowances: [perMinute('messages', 1)], mostKeys: 1000 }]);
  assert.equal(own.take(of('a', { messages: 1 }), 1).kind, 'exceeded');
  own.configure([]);
  assert.equal(own.take(of('a', { messages: 1 }), 2).kind, 'within');
  assert.deepEqual([...own.uses(2)], []);
});

test('an operator has a key forgotten', () => {
  const own = rates(perMinute('messages', 1));
  own.take(of('a', { messages: 1 }), 0);
  assert.deepEqual([own.reset('other', 'a'), own.reset('', 'a'), own.reset('r', 'a')], [false, true, false]);
  assert.equal(own.take(of('a', { messages: 1 }), 1).kind, 'within');
});

test('whoever is beyond a rate stays so, however many other keys come', () => {
  const own = rates(perMinute('messages', 2));
  own.take(of('a', { messages: 2 }), 0);
  for (let key = 0; key < 5000; key++) own.take(of(`other ${key}`, { messages: 1 }), 1);
  assert.equal(own.take(of('a', { messages: 1 }), 2).kind, 'exceeded');
  assert.ok([...own.uses(2)].length <= 1000);
});

test('over any course of time, no period of a minute has more than the rate', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 1, max: 3 })), {
        maxLength: 60,
      }),
      (count, steps) => {
        const own = rates(perMinute('messages', count));
        let nowMs = 1_700_000_000_000;
        const taken: [number, number][] = [];
        for (const [gap, messages] of steps) {
          nowMs += gap;
          const answer = own.take(of('a', { messages }), nowMs);
          if (answer.kind === 'within') taken.push([nowMs, messages]);
          else if (answer.kind === 'exceeded' && messages > count) assert.equal(answer.againMs, Infinity);
          const inLast = taken.filter(([at]) => at > nowMs - minute).reduce((sum, [, each]) => sum + each, 0);
          assert.ok(inLast <= count, `${inLast} in a minute`);
        }
      },
    ),
  );
});
