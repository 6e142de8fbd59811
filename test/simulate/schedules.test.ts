// Schedules on virtual time: windows, also where clocks change, and curves, in whole simulations.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteTable } from '../../src/route/route-table.ts';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import type { ScheduleRule } from '../../src/schedule/times/schedule-rule.ts';
import { readDestinations } from '../../src/simulate/read-destinations.ts';
import { WorkloadReader } from '../../src/simulate/read-workload.ts';
import type { SimulationReport } from '../../src/simulate/report.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import { DeliveryHours } from '../../src/values/delivery-hours.ts';
import { parseDeliveryWindow } from '../../src/values/delivery-window.ts';
import { parseDomainPattern } from '../../src/values/domain.ts';
import { parseMoment } from '../../src/values/moment.ts';
import { configOf, day, hour, minute } from '../schedule/table.ts';

function run(
  lines: readonly object[],
  start: string,
  rules: readonly ScheduleRule[],
  models = '',
  limits: Partial<SchedulerConfig['limits']> = {},
): SimulationReport {
  const config = configOf();
  const reader = new WorkloadReader('test');
  for (const line of lines) reader.line(JSON.stringify(line));
  return simulate({
    config: { ...config, schedules: rules, limits: { ...config.limits, ...limits } },
    timeouts: { connectMs: 30_000, greetingMs: 300_000, replyMs: 600_000 },
    routes: new RouteTable([]),
    tenantOf: () => undefined,
    workload: reader.end(),
    destinations: readDestinations(models, 'test'),
    seed: 1,
    startMs: parseMoment(start),
    untilMs: Infinity,
  });
}

const of = (domain: string, rule: Partial<ScheduleRule>): ScheduleRule => ({
  name: domain,
  origin: 'test',
  match: { domain: [parseDomainPattern(domain)] },
  ...rule,
});
const hours = (...windows: string[]): DeliveryHours =>
  new DeliveryHours(windows.map(parseDeliveryWindow), 'Europe/Berlin');

test('mail waits for its window, an hour less where clocks go forward, while other mail goes on', () => {
  const rules = [of('office.example', { hours: hours('Mon-Fri 08:00-18:00') })];
  const lines = [
    { to: 'office.example', count: 200 },
    { to: 'other.example', count: 200 },
  ];
  const waited = (start: string): number => {
    const { deferrals, domains, failed } = run(lines, start, rules);
    const [office, other] = ['office.example', 'other.example'].map((name) =>
      domains.find((each) => each.name === name)!,
    );
    assert.deepEqual([deferrals, failed, office!.delivered, other!.delivered], [0, 0, 200, 200]);
    assert.ok(other!.finishedMs! < minute);
    assert.deepEqual(office!.boundBy.map(({ by }) => by)[0], 'windows of office.example');
    assert.ok(office!.finishedMs! - office!.firstDeliveredMs! < 5 * minute);
    return Math.floor(office!.firstDeliveredMs! / hour);
  };
  assert.equal(waited('2026-03-20T18:00[Europe/Berlin]'), 62);
  assert.equal(waited('2026-03-27T18:00[Europe/Berlin]'), 61);
  assert.equal(waited('2026-10-23T18:00[Europe/Berlin]'), 63);
});

const rate: LimitRule = {
  id: 'r',
  name: 'r',
  origin: 'test',
  per: [],
  match: {},
  isOverride: false,
  messageRate: { count: 10, perMs: minute },
};

test('mail that is not through when its window closes goes on in the next one', () => {
  const rules = [of('slow.example', { hours: hours('09:00-09:30') })];
  const lines = [{ to: 'slow.example', count: 700 }];
  const { delivered, finishedMs, failed } = run(lines, '2026-06-01T09:00[Europe/Berlin]', rules, '', {
    rules: [rate],
  });
  assert.deepEqual([delivered, failed], [700, 0]);
  // 300 go in each half hour.
  assert.ok(finishedMs! >= 2 * day && finishedMs! <= 2 * day + 12 * minute, String(finishedMs));
});

test('attempts follow a curve, and the lifetime of the schedule ends them', () => {
  const attempts = (rule: Partial<ScheduleRule>): number => {
    const models = '[[destination]]\ndomain = ["dead.example"]\ndefers = 1\n';
    const report = run([{ to: 'dead.example' }], '2026-06-01T09:00Z', [of('dead.example', rule)], models);
    assert.deepEqual([report.failed, report.finishedMs], [1, rule.lifetimeMs]);
    return report.deferrals;
  };
  // At 0, 1, 3, 7, 15, 31, 63 minutes, then every hour: at 123 and 183, and a last one before the end at 239 minutes.
  const growing = { curve: 'exponential', firstMs: minute, factor: 2, mostMs: hour } as const;
  assert.equal(attempts({ retry: growing, lifetimeMs: 4 * hour }), 10);
  // At 0 and 400 s times 1, 4, 9, 16, 25 (10,000 s); the next would be at 14,400 s, which is the end: one before it.
  assert.equal(
    attempts({ retry: { curve: 'quadratic', firstMs: 400_000, mostMs: day }, lifetimeMs: 14_400_000 }),
    7,
  );
});
