// When mail is diverted by itself, and when that ends: on virtual time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StormRule } from '../../src/policy/queues/storm-rule.ts';
import { type StormChange, StormWatch } from '../../src/manager/diversions/storm-watch.ts';
import { WindowCounts } from '../../src/manager/diversions/window-counts.ts';
import { parseRecipientDomain } from '../../src/values/domain.ts';
import { DomainSet } from '../../src/values/domain-set.ts';

const minute = 60_000;

function rule(change: Partial<StormRule> = {}): StormRule {
  return {
    name: 'storm',
    queue: 'backup',
    per: 'domain',
    measure: { kind: 'rate', count: 100, perMs: minute },
    domains: undefined,
    domain: undefined,
    tenant: undefined,
    calm: 0.5,
    calmForMs: 5 * minute,
    atLeastMs: 10 * minute,
    ...change,
  };
}

const shown = ({ kind, key, measured }: StormChange): string => `${kind} ${key}: ${measured}`;

/** Mail to a domain at an even rate; looks each second as the manager does. */
function rain(watch: StormWatch, domain: string, perMinute: number, fromMs: number, forMs: number): string[] {
  const changes: string[] = [];
  const stepMs = minute / perMinute;
  let next = fromMs;
  for (let now = fromMs; now < fromMs + forMs; now += 1000) {
    for (; next <= now; next += stepMs)
      changes.push(
        ...watch
          .arrived({ tenant: 'news', sender: 'a@a.test', client: '192.0.2.1', domains: [domain] }, next)
          .map((each) => `${Math.round(next / 1000)}s ${shown(each)}`),
      );
    changes.push(...watch.look(now).map((each) => `${Math.round(now / 1000)}s ${shown(each)}`));
  }
  return changes;
}

test('a domain that reaches the rate is diverted at once, and others are not', () => {
  const watch = new StormWatch();
  watch.configure([rule()]);
  assert.deepEqual(rain(watch, 'calm.test', 90, 0, 5 * minute), []);
  const changes = rain(watch, 'storm.test', 600, 5 * minute, minute);
  assert.deepEqual(changes, ['310s begin storm.test: 100 recipients in 1m']);
});

test('it ends when the rate was calm for so long, and not before its least time', () => {
  const watch = new StormWatch();
  watch.configure([rule({ calmForMs: 2 * minute })]);
  rain(watch, 'x.test', 600, 0, minute);
  // Calm at once, but it lasts ten minutes from its beginning after 10 s.
  const [ended, ...others] = rain(watch, 'x.test', 6, minute, 20 * minute);
  assert.match(ended ?? '', /^610s end x\.test: /u);
  assert.deepEqual(others, []);
});

test('a rate between calm and storm neither ends it nor begins another', () => {
  const watch = new StormWatch();
  watch.configure([rule({ atLeastMs: 0 })]);
  assert.equal(rain(watch, 'x.test', 600, 0, minute).length, 1);
  assert.deepEqual(rain(watch, 'x.test', 75, minute, 60 * minute), []);
  assert.match(rain(watch, 'x.test', 40, 61 * minute, 10 * minute).join(' '), /end x\.test/u);
});

test('what an operator has ended does not begin again before it was calm', () => {
  const watch = new StormWatch();
  watch.configure([rule({ atLeastMs: 0 })]);
  assert.equal(rain(watch, 'x.test', 600, 0, minute).length, 1);
  watch.ended('storm', 'x.test', true);
  assert.equal(watch.diverted('storm'), 0);
  assert.deepEqual(rain(watch, 'x.test', 600, minute, 20 * minute), []);
  assert.deepEqual(rain(watch, 'x.test', 1, 21 * minute, 10 * minute), [], 'and nobody is told that it ends');
  assert.equal(rain(watch, 'x.test', 600, 31 * minute, minute).length, 1);
});

for (const [per, key] of [
  ['domain', 'x.test'],
  ['tenant', 'news'],
  ['client', '192.0.2.1'],
  ['sender', 'a@a.test'],
  ['all', ''],
] as const) {
  test(`per ${per}: its key is ${key === '' ? 'nothing' : key}`, () => {
    const watch = new StormWatch();
    watch.configure([rule({ per })]);
    const [begun] = watch.arrived(
      {
        tenant: 'news',
        sender: 'a@a.test',
        client: '192.0.2.1',
        domains: Array(100).fill('x.test') as string[],
      },
      0,
    );
    assert.equal(begun?.key, key);
  });
}

test('only mail of the tenants and domains of the rule counts', () => {
  const watch = new StormWatch();
  const domains = new DomainSet([parseRecipientDomain('x.test')]);
  watch.configure([rule({ per: 'all', tenant: ['news'], domains })]);
  const many = Array(200).fill('x.test') as string[];
  const mail = { tenant: 'news', sender: '', client: '', domains: many };
  assert.deepEqual(watch.arrived({ ...mail, tenant: '' }, 0), []);
  assert.deepEqual(watch.arrived({ ...mail, domains: many.map(() => 'y.test') }, 0), []);
  assert.equal(watch.arrived(mail, 0).length, 1);
});

test('a share of failures begins a storm when there are enough attempts to tell', () => {
  const watch = new StormWatch();
  watch.configure([rule({ measure: { kind: 'failures', share: 0.5, least: 20, perMs: minute } })]);
  const attempt = (isFailed: boolean, now: number): StormChange[] =>
    watch.attempted('x.test', '', isFailed, now);
  for (let count = 0; count < 19; count++) assert.deepEqual(attempt(true, count), []);
  assert.deepEqual(attempt(true, 20).map(shown), ['begin x.test: 100 % of 20 attempts failed in 1m']);
  const other = new StormWatch();
  other.configure([rule({ measure: { kind: 'failures', share: 0.5, least: 20, perMs: minute } })]);
  for (let count = 0; count < 200; count++)
    assert.deepEqual(other.attempted('x.test', '', count % 3 === 0, count), [], 'a third is not half');
});

test('a stage that takes long begins a storm of all mail', () => {
  const watch = new StormWatch();
  const measure = { kind: 'delay', stage: 'scanner', share: 0.5, least: 10, perMs: minute } as const;
  watch.configure([rule({ per: 'all', measure })]);
  assert.deepEqual(watch.answered('storm', 100, 40, 0), []);
  assert.deepEqual(watch.answered('storm', 100, 70, 1000).map(shown), [
    'begin : 55 % of 200 answers of scanner were slow in 1m',
  ]);
});

test('a rule that is gone ends its storms; one whose measure is the same goes on', () => {
  const watch = new StormWatch();
  watch.configure([rule(), rule({ name: 'other', per: 'tenant' })]);
  rain(watch, 'x.test', 600, 0, minute);
  assert.deepEqual(watch.configure([rule({ calm: 0.1 })]).map(shown), ['end news: the rule has changed']);
  assert.equal(watch.diverted('storm'), 1);
});

test('a diversion of before a restart ends when it is calm', () => {
  const watch = new StormWatch();
  watch.configure([rule()]);
  watch.adopt('storm', 'x.test', -60 * minute);
  assert.match(
    rain(watch, 'other.test', 1, 0, 6 * minute).join(' '),
    /^300s end x\.test: 0 recipients in 1m$/u,
  );
});

test('a rule diverts a bounded number of keys', () => {
  const watch = new StormWatch();
  watch.configure([rule({ measure: { kind: 'rate', count: 1, perMs: minute } })]);
  const mail = { tenant: '', sender: '', client: '' };
  for (let number = 0; number < 300; number++)
    watch.arrived({ ...mail, domains: [`d${number}.test`] }, number);
  assert.equal(watch.diverted('storm'), 100);
});

test('counts are never too high, too low by a bounded part, and take bounded memory, whatever comes', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 30 }), times: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (steps, most) => {
      const counts = new WindowCounts(minute, most);
      const exact = new Map<string, number>();
      let total = 0;
      for (const { key, times } of steps) {
        counts.add(String(key), times, 0);
        exact.set(String(key), (exact.get(String(key)) ?? 0) + times);
        total += times;
        assert.ok(counts.size <= most);
      }
      for (const [key, count] of exact) {
        const found = counts.of(key, 0);
        assert.ok(found <= count, `${key}: ${found} > ${count}`);
        assert.ok(
          found >= count - total / (most + 1),
          `${key}: ${found} of ${count}, all ${total}, most ${most}`,
        );
      }
    }),
  );
});

test('what was counted is forgotten after its time', () => {
  const counts = new WindowCounts(minute, 10);
  counts.add('x', 60, 0);
  assert.equal(counts.of('x', minute / 2), 60);
  assert.equal(counts.of('x', minute * 1.5), 30);
  assert.equal(counts.of('x', minute * 2), 0);
  assert.equal(counts.of('x', minute * 100), 0);
});
