// What is decided about an attempt by what is remembered, over any course of time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type GreylistEntry,
  type GreylistNetwork,
  judgeAttempt,
} from '../../../src/policy/greylist/judge-attempt.ts';
import type { GreylistTerms } from '../../../src/policy/greylist/types.ts';

const minute = 60_000;
const terms: GreylistTerms = {
  delayMs: 5 * minute,
  windowMs: 60 * minute,
  lifetimeMs: 600 * minute,
  allowAfter: 3,
};

/** Attempts one after the other, in minutes since the beginning: what is said of each. */
function course(minutes: readonly number[], of = terms): string[] {
  let entry: GreylistEntry | undefined;
  return minutes.map((at) => {
    const judged = judgeAttempt(entry, undefined, of, at * minute);
    if (judged.kind !== 'network') entry = judged.entry ?? entry;
    return judged.kind === 'waits' ? `waits ${judged.ms / minute}` : judged.kind;
  });
}

for (const [what, minutes, expected] of [
  [
    'the first waits for the delay, and what comes after it passes',
    [0, 5, 6],
    ['waits 5', 'waited', 'known'],
  ],
  ['what comes too early waits for the rest', [0, 1, 4, 5], ['waits 5', 'waits 4', 'waits 1', 'waited']],
  ['an early attempt does not begin the time anew', [0, 4, 9], ['waits 5', 'waits 1', 'waited']],
  ['after the window, it begins anew', [0, 60, 64, 65], ['waits 5', 'waits 5', 'waits 1', 'waited']],
  ['just before its end, it passes', [0, 59], ['waits 5', 'waited']],
  [
    'what has passed passes as long as it comes',
    [0, 5, 500, 1000, 1500],
    ['waits 5', 'waited', 'known', 'known', 'known'],
  ],
  ['after its lifetime, it is forgotten', [0, 5, 606], ['waits 5', 'waited', 'waits 5']],
] as const) {
  test(what, () => {
    assert.deepEqual(course(minutes), expected);
  });
}

test('a network is allowed after so many senders, as long as mail comes', () => {
  let network: GreylistNetwork | undefined;
  for (let sender = 0; sender < 3; sender++) {
    const entry = { firstMs: 0, attempts: 1, passedMs: undefined, untilMs: 60 * minute };
    const judged = judgeAttempt(entry, network, terms, 5 * minute);
    assert.ok(judged.kind === 'waited');
    network = judged.network;
  }
  assert.equal(network?.passes, 3);
  assert.equal(judgeAttempt(undefined, network, terms, 6 * minute).kind, 'network');
  const later = judgeAttempt(undefined, network, terms, 600 * minute);
  assert.ok(later.kind === 'network' && later.network?.untilMs === 1200 * minute);
  assert.equal(judgeAttempt(undefined, network, terms, 605 * minute).kind, 'waits');
  assert.equal(judgeAttempt(undefined, network, { ...terms, allowAfter: 0 }, 6 * minute).kind, 'waits');
  assert.equal(judgeAttempt(undefined, network, { ...terms, allowAfter: 4 }, 6 * minute).kind, 'waits');
});

test('a network that an operator has allowed stays so until its time is over, and no mail changes that', () => {
  const network = { passes: 0, isFixed: true, untilMs: 100 * minute };
  const judged = judgeAttempt(undefined, network, { ...terms, allowAfter: 0 }, 99 * minute);
  assert.deepEqual(judged, { kind: 'network', network: undefined });
  assert.equal(judgeAttempt(undefined, network, terms, 100 * minute).kind, 'waits');
});

test('nothing passes before the delay, and whoever comes again within the window passes once', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 90 * minute }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(gaps, (all) => {
      let entry: GreylistEntry | undefined;
      let nowMs = 1_700_000_000_000;
      /** The first attempt of this turn. */
      let firstMs: number | undefined;
      let passedMs: number | undefined;
      for (const gap of all) {
        nowMs += gap;
        const judged = judgeAttempt(entry, undefined, terms, nowMs);
        if (judged.kind === 'network') assert.fail('no network is known');
        if (firstMs === undefined || (passedMs === undefined && nowMs - firstMs >= terms.windowMs)) {
          firstMs = nowMs;
          assert.deepEqual([judged.kind, judged.kind === 'waits' && judged.ms], ['waits', terms.delayMs]);
        } else if (passedMs !== undefined) {
          assert.equal(judged.kind, 'known');
        } else if (nowMs - firstMs < terms.delayMs) {
          assert.ok(judged.kind === 'waits' && judged.ms === terms.delayMs - (nowMs - firstMs));
        } else {
          assert.ok(judged.kind === 'waited' && judged.waitedMs === nowMs - firstMs);
          passedMs = nowMs;
        }
        entry = judged.entry ?? entry;
        assert.ok(entry !== undefined && entry.untilMs > nowMs, 'what was seen just now is remembered');
      }
    }),
  );
});
