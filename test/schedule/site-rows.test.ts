// The rows of sites that `sluice status` and `sluice top` show.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minute, relay, Table } from './table.ts';

/** Three sites: `busy` (3 connections, 1 ready), `idle` (1 waiting), `full` (5 ready); and a route without a plan. */
function table(): Table {
  const on = new Table({ limits: { perDomain: 3 } }).know({
    'busy.example': relay('busy', ['192.0.2.1']),
    'idle.example': relay('idle', ['192.0.2.2']),
    'full.example': relay('full', ['192.0.2.3']),
  });
  for (let at = 0; at < 4; at++) on.submit(['busy.example']);
  on.submit([{ domain: 'idle.example', nextAttemptAtMs: on.nowMs + minute }]);
  for (let at = 0; at < 8; at++) on.submit(['full.example', 'full.example']);
  on.submit(['unknown.example']);
  on.take();
  return on;
}

test('every site has a row with its recipients by state', () => {
  const rows = table().scheduler.sites(undefined, 'name');
  assert.deepEqual(
    rows.map(({ label, connections, waiting, ready, active }) => [
      label,
      connections,
      waiting,
      ready,
      active,
    ]),
    [
      ['idle.example', 0, 1, 0, 0],
      ['mx.busy', 3, 0, 1, 3],
      ['mx.full', 3, 0, 10, 6],
      ['unknown.example', 0, 0, 1, 0],
    ],
  );
  assert.match(rows[2]?.blockedOn ?? '', /domain full.example/);
  assert.match(rows[3]?.blockedOn ?? '', /looking up/);
});

test('sites are sorted by connections or by waiting mail, as many as are asked for', () => {
  const { scheduler } = table();
  assert.deepEqual(
    scheduler.sites(1, 'waiting').map(({ label }) => label),
    ['mx.full'],
  );
  assert.deepEqual(
    scheduler.sites(2, 'connections').map(({ label }) => label),
    ['mx.full', 'mx.busy'],
  );
  assert.equal(scheduler.siteCount(), 4);
});
