// Sweeps over the queue after reloads: only the table of the last one moves mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, VirtualTimers } from '../../sim/virtual-timers.ts';
import { Rerouter } from '../../src/manager/rerouter.ts';
import { relay, start, Table } from '../schedule/table.ts';
import { fakeRouter } from '../route/fake-resolver.ts';

function routerTo(host: string) {
  const target = { kind: 'smarthost', hosts: [{ host, port: 25 }], mode: 'failover' } as const;
  return fakeRouter({}, { rules: [{ name: 'out', match: { kind: 'default' }, target }] }).router;
}

test('a sweep that waits for mail in flight ends when a later reload begins another', async () => {
  const timers = new VirtualTimers();
  const table = new Table().know({ 'a.example': relay('old', ['192.0.2.1']) });
  const [first, second] = [routerTo('192.0.2.7'), routerTo('192.0.2.8')];
  const routing = { router: first };
  const rerouter = new Rerouter({
    scheduler: table.scheduler,
    envelope: () => Promise.resolve(undefined),
    changed: () => {},
    routing,
    timers,
    nowMs: () => table.nowMs,
  });
  table.submit(['a.example']);
  const flight = table.connect();
  const early = rerouter.reroute();
  await settled();
  table.ready(flight.connection).done(flight, 'delivered', false);
  table.submit([{ domain: 'a.example', nextAttemptAtMs: start + 3_600_000 }]);
  routing.router = second;
  await rerouter.reroute();
  const routes = () => [...table.scheduler.recipients()].map(({ route }) => route);
  const wanted = [second.routeOf('', 'x@a.example').key];
  assert.deepEqual(routes(), wanted);
  await timers.pass(60_000);
  await early;
  assert.deepEqual(routes(), wanted);
});
