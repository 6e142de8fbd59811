// The text that Prometheus reads. Names in labels are chosen by strangers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Family } from '../../src/statistics/families.ts';
import { prometheusText } from '../../src/statistics/prometheus-text.ts';
import { readSamples } from './samples.ts';

test('each family has its help and type before its samples; one without samples is left out', () => {
  const families: readonly Family[] = [
    {
      name: 'sluice_events_total',
      kind: 'counter',
      help: 'Events: a \\ and a\nline end.',
      samples: [
        { labels: { event: 'received' }, value: 3 },
        { labels: { event: 'say "hi"\n\\' }, value: 0.5 },
      ],
    },
    { name: 'sluice_nothing_total', kind: 'counter', help: 'None.', samples: [] },
    {
      name: 'sluice_time_seconds',
      kind: 'histogram',
      help: 'Time.',
      samples: [
        { suffix: '_bucket', labels: { le: '+Inf' }, value: 1 },
        { suffix: '_sum', value: 2 },
        { suffix: '_count', value: 1 },
      ],
    },
  ];
  assert.equal(
    prometheusText(families),
    String.raw`# HELP sluice_events_total Events: a \\ and a\nline end.
# TYPE sluice_events_total counter
sluice_events_total{event="received"} 3
sluice_events_total{event="say \"hi\"\n\\"} 0.5
# HELP sluice_time_seconds Time.
# TYPE sluice_time_seconds histogram
sluice_time_seconds_bucket{le="+Inf"} 1
sluice_time_seconds_sum 2
sluice_time_seconds_count 1
`,
  );
});

test('a label is read as it was, whatever text it has', () => {
  const special = fc.constantFrom('"', '\\', '\n', '{', '}', ',', '=', '\ud800');
  const pieces = fc.array(fc.oneof(special, fc.string({ unit: 'binary', maxLength: 3 })));
  const text = pieces.map((all) => all.join(''));
  fc.assert(
    fc.property(text, text, (site, state) => {
      const samples = [{ labels: { site, state }, value: 1 }];
      const [read] = readSamples(
        prometheusText([{ name: 'sluice_site_recipients', kind: 'gauge', help: site, samples }]),
      );
      assert.deepEqual(read?.labels, { site: site.toWellFormed(), state: state.toWellFormed() });
    }),
  );
});
