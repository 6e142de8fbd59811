// Routes whose connections come from some of our own addresses alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoutePlan } from '../../src/route/types.ts';
import { ours } from '../refusals.ts';
import { relay, Table } from './table.ts';

const own = ['198.51.100.1', '198.51.100.2', '2001:db8::1'];

function from(sources: readonly string[], ...addresses: readonly string[]): RoutePlan {
  const plan = relay('s', addresses);
  assert.ok(plan.kind === 'relay');
  const hops = plan.addresses.map((hop) => ({ ...hop, sources }) as typeof hop);
  return { ...plan, addresses: hops, security: `+from${sources.join(',')}` };
}

test('connections of a route come from its addresses, those of others from all, and none is shared', () => {
  const table = new Table({ sources: own }).know({
    'a.example': from(['198.51.100.2'], '192.0.2.1'),
    'b.example': relay('s', ['192.0.2.1']),
  });
  for (let count = 0; count < 4; count++) table.submit(['a.example']);
  const ofRoute = table.connects();
  assert.deepEqual(new Set(ofRoute.map(({ source }) => source)), new Set(['198.51.100.2']));
  for (const { connection } of ofRoute) table.ready(connection);
  for (let count = 0; count < 4; count++) table.submit(['b.example']);
  const others = table.connects().slice(ofRoute.length === 0 ? 0 : -4);
  assert.deepEqual(new Set(others.map(({ source }) => source)), new Set(['198.51.100.1', '198.51.100.2']));
});

test('an address that cannot be used now rests only where the route has another one', () => {
  for (const sources of [['198.51.100.2'], ['198.51.100.1', '198.51.100.2']]) {
    const table = new Table({ sources: own, sourceRestMs: 10_000 }).know({
      'a.example': from(sources, '192.0.2.1'),
    });
    table.submit(['a.example']);
    const { connection, source } = table.connect();
    table.closed(connection, { kind: 'failed', refusal: ours('no such address') });
    const next = table.connects().find((each) => each.connection !== connection);
    if (sources.length === 1) assert.equal(next, undefined, 'the address of the host waits');
    else assert.notEqual(next?.source, source);
  }
});

test('hosts of an IP version that none of the addresses has are not reached', () => {
  const table = new Table({ sources: own }).know({
    'a.example': from(['198.51.100.2'], '2001:db8::25@5', '192.0.2.1@10'),
    'b.example': from(['198.51.100.1'], '2001:db8::25'),
  });
  table.submit(['a.example']);
  assert.equal(table.connect().hop.ip, '192.0.2.1');
  table.submit(['b.example']);
  assert.deepEqual(
    table.take().map(({ kind }) => kind),
    ['deferred'],
  );
});
