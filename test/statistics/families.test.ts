// Which numbers there are: from the beginning, each once, with bounded labels, and explained in the documentation.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status, StatusAnswer } from '../../src/control/operations/status.ts';
import { countedFamilies, eventNames } from '../../src/statistics/counted-families.ts';
import { currentFamilies } from '../../src/statistics/current-families.ts';
import { mostLabels } from '../../src/statistics/families.ts';
import { prometheusText } from '../../src/statistics/prometheus-text.ts';
import { TimeCounts } from '../../src/stats/time-counts.ts';
import { pages } from '../docs/pages.ts';
import { readSamples, valueOf } from './samples.ts';

const site = {
  site: 'mx:a.test:25',
  label: 'a.test',
  waiting: 5,
  ready: 2,
  active: 1,
  connections: 3,
  blockedOn: '',
};
const status: Status = {
  kind: 'complete',
  version: '1.2.3',
  startedAtMs: 0,
  nowMs: 0,
  messages: 9,
  recipients: 20,
  connections: 7,
  senders: 1,
  reports: 0,
  counters: {},
  spool: { segments: 1, bytes: 4096, liveMessages: 9, damagedMessages: 0 },
  sites: [site],
  siteCount: 300,
  overrides: [],
  troubles: [
    { key: 'disk', level: 'critical', text: '', advice: '', sinceMs: 0, processes: [] },
    { key: 'dns', level: 'critical', text: '', advice: '', sinceMs: 0, processes: [] },
  ],
};

test('all counters are there with zeros before anything was counted', () => {
  const text = prometheusText(countedFamilies({}));
  for (const event of eventNames) assert.equal(valueOf(text, 'sluice_events_total', { event }), 0);
  assert.equal(valueOf(text, 'sluice_time_to_delivery_seconds_count'), 0);
  assert.equal(valueOf(text, 'sluice_time_to_delivery_seconds_bucket', { le: '+Inf' }), 0);
});

test('what the manager and another role count both is taken from the manager alone; other events are added up', () => {
  const text = prometheusText(
    countedFamilies({
      manager: { delivered: 7, removed: 1 },
      sender: { delivered: 6, secured: 3 },
      receiver: { secured: 2, rejected: 1 },
    }),
  );
  const counted = (event: string): number => valueOf(text, 'sluice_events_total', { event });
  assert.deepEqual(['delivered', 'removed', 'secured', 'rejected'].map(counted), [7, 1, 5, 1]);
});

test('a histogram adds up from bucket to bucket', () => {
  const times = new TimeCounts();
  times.add(-3); // a clock that was set back
  times.add(0.1);
  times.add(0.2, 2);
  times.add(1_000_000);
  const text = prometheusText(countedFamilies({ sender: times.counts('time delivery') }));
  const bucket = (le: string): number => valueOf(text, 'sluice_time_to_delivery_seconds_bucket', { le });
  assert.deepEqual(['0.1', '0.5', '432000', '+Inf'].map(bucket), [2, 4, 4, 5]);
  assert.equal(valueOf(text, 'sluice_time_to_delivery_seconds_count'), 5);
  assert.equal(valueOf(text, 'sluice_time_to_delivery_seconds_sum'), 1_000_000.5);
});

test('answers of stages have labels, of a hundred stages at most', () => {
  const many = Array.from({ length: mostLabels + 5 }, (_, index) => [`stage s${index} continue`, 2] as const);
  const text = prometheusText(
    countedFamilies({ receiver: { ...Object.fromEntries(many), 'stage s0 test reject': 4 } }),
  );
  const answers = readSamples(text).filter(({ name }) => name === 'sluice_stage_answers_total');
  assert.equal(new Set(answers.map(({ labels }) => labels['stage'])).size, mostLabels + 1);
  const other = { stage: 'other', answer: 'continue' };
  assert.equal(valueOf(text, 'sluice_stage_answers_total', other), 10);
  assert.equal(valueOf(text, 'sluice_stage_answers_total', { stage: 's0', tested: 'true' }), 4);
});

test('the queue, its sites, the others together, and troubles by level', () => {
  const text = prometheusText(currentFamilies(status));
  assert.equal(valueOf(text, 'sluice_queue_messages'), 9);
  assert.equal(valueOf(text, 'sluice_site_recipients', { site: 'mx:a.test:25', state: 'ready' }), 2);
  assert.equal(valueOf(text, 'sluice_site_recipients', { site: 'other' }), 12);
  assert.equal(valueOf(text, 'sluice_site_connections', { site: 'other' }), 4);
  assert.equal(valueOf(text, 'sluice_troubles', { level: 'critical' }), 2);
  assert.equal(valueOf(text, 'sluice_troubles', { level: 'warning' }), 0);
  assert.equal(valueOf(text, 'sluice_manager_up'), 1);
});

test('without the manager there are the troubles, and no number that only it knows', () => {
  const answer: StatusAnswer = { kind: 'without-manager', version: '1', nowMs: 0, troubles: [] };
  const text = prometheusText(currentFamilies(answer));
  assert.equal(valueOf(text, 'sluice_manager_up'), 0);
  assert.deepEqual(
    readSamples(text).map(({ name }) => name),
    ['sluice_build_info', 'sluice_troubles', 'sluice_troubles', 'sluice_manager_up'],
  );
});

test('docs/statistics.md explains every family and no other', () => {
  const page = pages.find(({ file }) => file === 'docs/statistics.md');
  const explained = [...(page?.text ?? '').matchAll(/^\| `(sluice_[a-z_]+)/gm)].map(([, name = '']) => name);
  const families = [...currentFamilies(status), ...countedFamilies({})].map(({ name }) => name);
  assert.deepEqual(explained.toSorted(), families.toSorted());
});
