// Sweeps over the queue after reloads: only the table of the last one moves mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, VirtualTimers } from '../../sim/virtual-timers.ts';
import { nodeTimers, type Timers } from '../../src/io/timers.ts';
import { AskedRoutes } from '../../src/manager/plugins/asked-routes.ts';
import { Rerouter } from '../../src/manager/rerouter.ts';
import type { Envelope } from '../../src/message/envelope.ts';
import { chosenBy } from '../../src/route/choice.ts';
import type { Router } from '../../src/route/types.ts';
import { relay, start, Table } from '../schedule/table.ts';
import { fakeRouter } from '../route/fake-resolver.ts';
import { noVerp } from './no-verp.ts';

function routerTo(host: string) {
  const target = { kind: 'smarthost', hosts: [{ host, port: 25 }], mode: 'failover' } as const;
  return fakeRouter({}, { rules: [{ name: 'out', match: { kind: 'default' }, target }] }).router;
}

test('a sweep that waits for mail in flight ends when a later reload begins another', async () => {
  const timers = new VirtualTimers();
  const table = new Table().know({ 'a.example': relay('old', ['192.0.2.1']) });
  const [first, second] = [routerTo('192.0.2.7'), routerTo('192.0.2.8')];
  const routing = { router: first, verp: noVerp };
  const rerouter = new Rerouter({
    scheduler: table.scheduler,
    envelope: () => Promise.resolve(undefined),
    changed: () => {},
    routing,
    asked: new AskedRoutes(),
    timers,
    nowMs: () => table.nowMs,
    passesHolds: () => false,
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

test('mail whose route a stage chose goes by the route that has the name now, and waits when none has it', async () => {
  const timers = new VirtualTimers();
  const table = new Table().know({ 'a.example': relay('old', ['192.0.2.1']) });
  const names = (name: string, host: string) => {
    const target = { kind: 'smarthost', hosts: [{ host, port: 25 }], mode: 'failover' } as const;
    return fakeRouter({}, { rules: [{ name, match: { kind: 'domain', domain: 'b.example' }, target }] })
      .router;
  };
  const routing = { router: names('bulk', '192.0.2.7'), verp: noVerp };
  const envelope = { reversePath: 'joe@c.example', recipients: [{ address: 'x@a.example', route: 'bulk' }] };
  const rerouter = new Rerouter({
    scheduler: table.scheduler,
    envelope: () => Promise.resolve(envelope as unknown as Envelope),
    changed: () => {},
    routing,
    asked: new AskedRoutes(),
    timers,
    nowMs: () => table.nowMs,
    passesHolds: () => false,
  });
  const key = (router: Router) => chosenBy('stage', router.routeNamed('bulk', '', 'x@a.example')).key;
  table.submit([{ domain: 'a.example', route: key(routing.router), nextAttemptAtMs: start + 3_600_000 }]);
  for (const router of [
    names('bulk', '192.0.2.8'),
    names('other', '192.0.2.9'),
    names('bulk', '192.0.2.7'),
  ]) {
    routing.router = router;
    await rerouter.reroute();
    assert.deepEqual(
      [...table.scheduler.recipients()].map(({ route }) => route),
      [key(router)],
    );
  }
});

test('an envelope is read once for the recipients of a message that follow each other, and deliveries get their turn in between', async () => {
  let clockMs = 0;
  const timers: Timers = { ...nodeTimers, nowMs: () => clockMs };
  const table = new Table().know({ 'a.example': relay('old', ['192.0.2.1']) });
  const router = fakeRouter(
    {},
    {
      rules: [
        {
          name: 'out',
          match: { kind: 'sender', sender: 'joe@c.example' },
          target: { kind: 'smarthost', hosts: [{ host: '192.0.2.7', port: 25 }], mode: 'failover' },
        },
      ],
    },
  ).router;
  const messages = 30;
  for (let at = 0; at < messages; at++) {
    const recipient = { domain: 'a.example', nextAttemptAtMs: start + 3_600_000 };
    table.submit([recipient, recipient, recipient]);
  }
  const recipients = Array.from({ length: 3 }, () => ({ address: 'x@a.example' }));
  const read: string[] = [];
  let pieces = 0;
  const rerouter = new Rerouter({
    scheduler: table.scheduler,
    envelope: (queueId) => {
      read.push(queueId);
      // Each takes so long that a piece is over after two of them.
      clockMs += 3;
      return Promise.resolve({ reversePath: 'joe@c.example', recipients } as unknown as Envelope);
    },
    changed: () => pieces++,
    routing: { router, verp: noVerp },
    asked: new AskedRoutes(),
    timers,
    nowMs: () => table.nowMs,
    passesHolds: () => false,
  });
  await rerouter.reroute();
  assert.equal(read.length, messages);
  assert.equal(new Set(read).size, messages);
  assert.ok(pieces >= messages / 2 - 1, `${pieces} pieces`);
  const wanted = router.routeOf('joe@c.example', 'x@a.example').key;
  assert.deepEqual(new Set([...table.scheduler.recipients()].map(({ route }) => route)), new Set([wanted]));
});
