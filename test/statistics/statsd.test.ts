// Numbers that are pushed to a StatsD server.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Family } from '../../src/statistics/families.ts';
import { datagramsOf, mostDatagramBytes, StatsdLines } from '../../src/statistics/statsd-lines.ts';
import { Statsd } from '../../src/statistics/statsd.ts';

const host = '127.0.0.1';

function counted(value: number, event = 'delivered'): Family {
  return { name: 'sluice_events_total', kind: 'counter', help: '', samples: [{ labels: { event }, value }] };
}

function gauge(value: number): Family {
  return { name: 'sluice_queue_messages', kind: 'gauge', help: '', samples: [{ value }] };
}

test('counters are told by what they have grown, and not what they were at first; gauges as they are', () => {
  const lines = new StatsdLines('mail.one');
  assert.deepEqual(lines.lines([counted(5), gauge(2)]), ['mail.one.queue_messages:2|g']);
  assert.deepEqual(lines.lines([counted(8), gauge(2)]), [
    'mail.one.events_total.delivered:3|c',
    'mail.one.queue_messages:2|g',
  ]);
  assert.deepEqual(lines.lines([counted(8), gauge(0)]), ['mail.one.queue_messages:0|g']);
});

test('a counter that comes later counts from its beginning', () => {
  const lines = new StatsdLines('sluice');
  lines.lines([]);
  assert.deepEqual(lines.lines([counted(4)]), ['sluice.events_total.delivered:4|c']);
});

test('families whose labels are others all the time are left out: each name would be kept for ever', () => {
  const lines = new StatsdLines('sluice');
  assert.deepEqual(lines.lines([{ ...gauge(1), changesNames: true }]), []);
});

test('no label can forge a line, a value or a part of a name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (event) => {
      const lines = new StatsdLines('sluice');
      lines.lines([]);
      const [line = ''] = lines.lines([counted(1, event)]);
      assert.match(line, /^sluice\.events_total\.[\w-]*:1\|c$/u);
    }),
  );
});

test('lines are packed into datagrams without losing one, unless it is too long for any', () => {
  const line = fc.integer({ min: 1, max: mostDatagramBytes + 2 }).map((length) => 'x'.repeat(length));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 50 }), (lines) => {
      const datagrams = datagramsOf(lines);
      assert.ok(datagrams.every(({ length }) => length > 0 && length <= mostDatagramBytes));
      assert.deepEqual(
        datagrams.flatMap((datagram) => datagram.split('\n')),
        lines.filter(({ length }) => length <= mostDatagramBytes),
      );
    }),
  );
});

test('a server gets what was counted since the round before', async (t) => {
  const server = createSocket('udp4').bind(0, host);
  await once(server, 'listening');
  let value = 100;
  const collect = () => Promise.resolve([counted(value++), gauge(1)]);
  const to = { host, port: server.address().port };
  const statsd = new Statsd({ to, prefix: 's', everyMs: 1, collect, dropped: () => assert.fail('dropped') });
  t.after(() => {
    statsd.close();
    server.close();
  });
  const next = async (): Promise<string> => String((await once(server, 'message'))[0]);
  assert.equal(await next(), 's.queue_messages:1|g');
  assert.equal(await next(), 's.events_total.delivered:1|c\ns.queue_messages:1|g');
});

test('without a server, datagrams are counted as dropped, and numbers that cannot be had are left to the next round', async (t) => {
  const taken = createSocket('udp4').bind(0, host);
  await once(taken, 'listening');
  const { port } = taken.address();
  taken.close();
  await once(taken, 'close');
  let rounds = 0;
  const collect = () => (++rounds === 2 ? Promise.reject(new Error('lost')) : Promise.resolve([gauge(1)]));
  const dropped = Promise.withResolvers<void>();
  const statsd = new Statsd({
    to: { host, port },
    prefix: 's',
    everyMs: 1,
    collect,
    dropped: dropped.resolve,
  });
  t.after(() => statsd.close());
  await dropped.promise;
});
