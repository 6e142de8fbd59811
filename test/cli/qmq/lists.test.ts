// Lists of queues as QMQ has them: what is read, what is refused with its line, and the fragments that follow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fragmentText, isAsMade } from '../../../src/cli/qmq/fragment.ts';
import { lifetimeQuestion, lifetimeText } from '../../../src/cli/qmq/lifetime.ts';
import { type QmqList, readInstances } from '../../../src/cli/qmq/read-instances.ts';
import { parseConfig } from '../../../src/config/config.ts';

const conf = `# instances
SKELETON_CONCURRENCYREMOTE="40"
SKELETON_CONCURRENCYLOCAL=10
SKELETON_QUEUELIFETIME=1440   # 24 hours
export SKELETON_PORT=2500
SKELETON_COLOUR=red
01:news:192.0.2.26
"02:shop:2001:db8::2"
90:BOUNCES
99:BACKUP
`;

function listOf(text: string): QmqList {
  const list = readInstances(text);
  assert.ok('instances' in list, JSON.stringify(list));
  return list;
}

test('a conf-qmq is read: settings, and queues with their addresses', () => {
  assert.deepEqual(listOf(conf), {
    instances: [
      { id: '01', name: 'news', ip: '192.0.2.26' },
      { id: '02', name: 'shop', ip: '2001:db8::2' },
      { id: '90', name: 'BOUNCES', ip: undefined },
      { id: '99', name: 'BACKUP', ip: undefined },
    ],
    concurrency: 40,
    lifetime: '1440',
    basePort: 2500,
    unused: ['CONCURRENCYLOCAL is not used here', 'COLOUR is not used here'],
  });
});

for (const [line, fault] of [
  ['news', /neither ID:NAME/u],
  ['100:news', /neither ID:NAME/u],
  ['1:', /neither ID:NAME/u],
  ['1:a b', /not the name of a queue/u],
  ['1:default', /not the name of a queue/u],
  ['1:../etc', /not the name of a queue/u],
  ['1:news:mail.example.com', /no IP address/u],
  ['01:other', /01:first already/u],
  ['7:first', /01:first already/u],
  ['CONCURRENCY=many', /number of connections/u],
  ['LIFETIME=soon', /a time such as 24h/u],
  ['PORT=0', /a port from 1/u],
  ['PORT=65436', /a port from 1/u],
  [`1:${'x'.repeat(2_000)}`, /too long/u],
] as const) {
  test(`${line.slice(0, 30)} is refused with its line`, () => {
    const faults = readInstances(`1:first\n\n${line}\n`.replace('1:first', '01:first'));
    assert.ok(!('instances' in faults));
    assert.equal(faults.length, 1);
    assert.equal(faults[0]?.line, 3);
    assert.match(faults[0]?.text ?? '', fault);
  });
}

test('any text is a list, or has faults with lines that are there', () => {
  const piece = fc.oneof(fc.string(), fc.stringMatching(/^\d{0,3}:[a-z]{0,3}:?[0-9.:]{0,9}$/u));
  fc.assert(
    fc.property(fc.array(piece), (lines) => {
      const read = readInstances(lines.join('\n'));
      if ('instances' in read) return;
      for (const { line, text } of read) assert.ok(line >= 1 && text !== '');
    }),
  );
});

for (const [written, unit, text] of [
  ['24h', undefined, '24h'],
  ['24 h', undefined, '24h'],
  ['1440', undefined, undefined],
  ['1440', 'minutes', '1440m'],
  ['1440', 'seconds', '1440s'],
  ['2d', 'seconds', '2d'],
] as const)
  test(`a lifetime ${written} with ${unit} is ${text}`, () =>
    assert.equal(lifetimeText(written, unit), text));

test('the question says what 1440 may mean', () => {
  assert.equal(
    lifetimeQuestion('1440'),
    '1440 seconds, as qmail reads it, are 24 minutes; 1440 minutes are 24 hours',
  );
});

test('fragments of all queues together are a configuration: stopped queues with ports, addresses and bounces', () => {
  const { instances, concurrency, basePort } = listOf(conf);
  const sources = new Set(['192.0.2.26']);
  const settings = {
    concurrency,
    lifetime: '24h',
    basePort,
    folder: '/srv/qmq',
    hasSource: (ip: string) => sources.has(ip),
  };
  const texts = instances.map((each) => fragmentText(each, settings));
  const main = 'spool = "/spool"\n[queue]\nsource = ["192.0.2.26"]\n[[source]]\naddress = "192.0.2.26"\n';
  const config = parseConfig([main, ...texts].join('\n'), '/etc/sluice/sluice.toml');
  assert.deepEqual(
    config.queues.map(({ name, path, stopped, maxConnections, source }) => [
      name,
      path,
      stopped,
      maxConnections,
      source,
    ]),
    [
      ['news', '/srv/qmq/news', true, 40, ['192.0.2.26']],
      ['shop', '/srv/qmq/shop', true, 40, ['2001:db8::2']],
      ['BOUNCES', '/srv/qmq/BOUNCES', true, 40, undefined],
      ['BACKUP', '/srv/qmq/BACKUP', true, 40, undefined],
    ],
  );
  assert.deepEqual(
    config.assignment.map(({ queue, listen, reports }) => [queue, listen ?? reports]),
    [
      ['news', ['127.0.0.1:2501']],
      ['shop', ['127.0.0.1:2502']],
      ['BOUNCES', true],
      ['BACKUP', ['127.0.0.1:2599']],
    ],
  );
  for (const text of texts) {
    assert.ok(isAsMade(text));
    assert.ok(!isAsMade(`${text}\n`));
    assert.ok(!isAsMade(text.replace('40', '41')));
  }
});
