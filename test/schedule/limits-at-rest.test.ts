// The limits that were looked up for a route are kept for its next message, for a bounded number of routes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { drive, type EffectHandlers } from '../../src/schedule/drive.ts';
import { mostAtRest } from '../../src/schedule/reserve/needs.ts';
import { State } from '../../src/schedule/state.ts';
import type { ConnectionHandle } from '../../src/schedule/types.ts';
import { configOf, ignored, relay, start } from './table.ts';

/** Delivers a message to each of `count` domains, all of one site, over a few connections. */
function deliverTo(s: State, domains: number): void {
  const scheduler = createScheduler(s.config, start, s);
  const plan = relay('a', ['192.0.2.1']);
  const deliver = ({ connection }: { connection: ConnectionHandle }): void => {
    const results = [{ recipient: 0, result: 'delivered' }] as const;
    scheduler.transactionDone(connection, results, true, start);
  };
  const handlers: EffectHandlers = {
    ...ignored,
    resolve: ({ route }) => scheduler.routeResolved(route, plan, start),
    connect: deliver,
    transact: deliver,
  };
  for (let at = 0; at < domains; at++) {
    const domain = `d${at}.example`;
    const message = scheduler.begin({
      queueId: `Q${at}`,
      receivedAtMs: start,
      nullSender: false,
      held: false,
    });
    const recipient = { recipient: 0, attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' as const };
    scheduler.add(message, { ...recipient, route: `mx:${domain}`, domain });
    scheduler.commit(message, start);
    drive(scheduler, handlers);
  }
}

test('the limits of a route without work are kept for its next message', () => {
  const s = new State(configOf());
  deliverTo(s, 10);
  assert.equal(s.routes.limits.size, 10);
  assert.equal(s.limitsAtRest.size, 10);
});

test('of many routes without work, the oldest lose their limits and counters', () => {
  const s = new State(configOf());
  deliverTo(s, 3 * mostAtRest);
  assert.equal(s.routes.limits.size, mostAtRest);
  assert.equal(s.limitsAtRest.size, mostAtRest);
  assert.ok(s.routes.limits.has(s.routes.find(`mx:d${3 * mostAtRest - 1}.example`)));
  assert.ok(!s.routes.limits.has(s.routes.find('mx:d0.example')));
  // In addition each connection keeps the counter of its last domain, and some counters are global or of the one site.
  const most = mostAtRest + s.connections.live + 10;
  assert.ok(s.counters.live <= most, `${s.counters.live} counters, at most ${most}`);
});
