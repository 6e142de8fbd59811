// A rate holds in every window of its length, for any times of events.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRate, type Rate } from '../../../src/values/rate.ts';
import { burstOf, freeAtMs, spacingMs, spent } from '../../../src/schedule/limits/rate-limit.ts';

const startMs = 1_700_000_000_000;

/** Sends as much as the rate allows; `waits` gives the delay after the earliest time, and how many at once. */
function send(
  rate: Rate,
  isRecipients: boolean,
  steps: number,
  next: (earliestMs: number, burst: number, step: number) => { atMs: number; events: number },
): number[] {
  const burst = burstOf(rate, isRecipients);
  const spacing = spacingMs(rate, burst);
  const sent: number[] = [];
  let tatMs = 0;
  let nowMs = startMs;
  for (let step = 0; step < steps; step++) {
    const wanted = next(nowMs, burst, step);
    const atMs = Math.max(wanted.atMs, freeAtMs(tatMs, wanted.events, spacing, burst));
    tatMs = spent(tatMs, wanted.events, spacing, atMs);
    for (let event = 0; event < wanted.events; event++) sent.push(atMs);
    nowMs = atMs;
  }
  return sent;
}

/** Checks that every half-open window has at most `count`: an event and the one `count` later are `perMs` apart. */
function assertExact({ count, perMs }: Rate, sent: readonly number[]): void {
  for (let at = count; at < sent.length; at++) {
    const apartMs = (sent[at] ?? 0) - (sent[at - count] ?? 0);
    assert.ok(apartMs >= perMs, `${count + 1} events within ${apartMs} ms`);
  }
}

const rate = fc.oneof(
  fc.record({
    count: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 3_000 })),
    perMs: fc.constantFrom(1_000, 60_000, 3_600_000, 86_400_000),
  }),
  fc.record({ count: fc.integer({ min: 1, max: 20_000 }), perMs: fc.constant(1_000) }),
);

test('no window of perMs has more than count events', () => {
  const pause = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 2, noNaN: true }), fc.nat(20));
  fc.assert(
    fc.property(
      rate,
      fc.boolean(),
      fc.array(fc.tuple(pause, fc.double({ min: 0, max: 0.999, noNaN: true })), {
        minLength: 1,
        maxLength: 20,
      }),
      (rate, isRecipients, pattern) => {
        const sent = send(rate, isRecipients, Math.min(3 * rate.count, 3_000), (nowMs, burst, step) => {
          const [gaps = 0, share = 0] = pattern[step % pattern.length] ?? [];
          // Gaps are multiples of the rate's spacing, so that about as much is sent as the rate allows.
          return { atMs: nowMs + gaps * (rate.perMs / rate.count), events: 1 + Math.floor(share * burst) };
        });
        assertExact(rate, sent);
      },
    ),
    { numRuns: 300 },
  );
});

test('no window has more than count events after a long pause', () => {
  fc.assert(
    fc.property(rate, fc.boolean(), fc.nat(), (rate, isRecipients, silenceMs) => {
      const steps = Math.min(2 * rate.count + 200, 3_000);
      const sent = send(rate, isRecipients, steps, (nowMs, burst, step) => ({
        atMs: step === steps >> 1 ? nowMs + silenceMs : nowMs,
        events: step % 3 === 0 ? burst : 1,
      }));
      assertExact(rate, sent);
    }),
    { numRuns: 200 },
  );
});

for (const text of [
  '1/sec',
  '3/sec',
  '10/sec',
  '50/sec',
  '100/sec',
  '1000/sec',
  '5000/sec',
  '1/min',
  '60/min',
  '600/min',
  '6000/min',
  '100/hour',
  '10000/hour',
  '1000/day',
  '1000000/day',
]) {
  test(`${text}: at least 98 % get through, also when woken up to 5 ms late in whole ms`, () => {
    const rate = parseRate(text);
    const steps = Math.min(Math.max(50 * rate.count, 100), 100_000);
    for (const late of [() => 0, (step: number) => (5 * ((step * 7919) % 10)) / 10, () => 5]) {
      const burst = burstOf(rate, false);
      const spacing = spacingMs(rate, burst);
      const sent: number[] = [];
      let [tatMs, nowMs] = [0, startMs];
      while (sent.length < steps) {
        nowMs = Math.ceil(Math.max(freeAtMs(tatMs, 1, spacing, burst) + late(sent.length), nowMs));
        // On each wake-up everything is sent that the rate allows.
        while (sent.length < steps && freeAtMs(tatMs, 1, spacing, burst) <= nowMs) {
          tatMs = spent(tatMs, 1, spacing, nowMs);
          sent.push(nowMs);
        }
      }
      const possible = ((nowMs - startMs) / rate.perMs) * rate.count;
      assert.ok(sent.length >= 0.98 * possible, `${sent.length} of ${possible}`);
      assertExact(rate, sent);
    }
  });
}

test('a burst is small compared with the rate, and lets recipients of one message go together', () => {
  const table = [
    ['1/sec', 1, 1],
    ['10/sec', 1, 1],
    ['500/sec', 5, 25],
    ['1000/sec', 10, 50],
    ['600/min', 6, 30],
    ['60000/min', 600, 600],
    ['100/hour', 1, 5],
    ['7200/hour', 2, 100],
    ['1000000/day', 11, 100],
  ] as const;
  for (const [text, messages, recipients] of table) {
    const rate = parseRate(text);
    assert.deepEqual([text, burstOf(rate, false), burstOf(rate, true)], [text, messages, recipients]);
  }
});

test('after a pause a whole burst may go at once, and not one event more', () => {
  for (const text of ['600/min', '10/sec', '7200/hour']) {
    for (const isRecipients of [false, true]) {
      const rate = parseRate(text);
      const burst = burstOf(rate, isRecipients);
      const spacing = spacingMs(rate, burst);
      assert.ok(freeAtMs(0, burst, spacing, burst) <= startMs);
      const tatMs = spent(0, burst, spacing, startMs);
      assert.ok(freeAtMs(tatMs, 1, spacing, burst) > startMs, text);
      assert.ok(freeAtMs(tatMs, burst, spacing, burst) <= startMs + burst * spacing, text);
    }
  }
});
