// A pause of the mail of one tenant, because reports about it cannot be written: it waits alone, and is not lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditEmpty } from '../../sim/world/audit.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { drive } from '../../src/schedule/drive.ts';
import { State } from '../../src/schedule/state.ts';
import { configOf, day, ignored, minute, relay, start, Table } from './table.ts';

const plan = relay('s', ['192.0.2.1']);
const reason = 'messages of the tenant have failed, and reports about them cannot be signed';

test('mail of a paused tenant waits, that of others goes, and the reason is told of the one alone', () => {
  const table = new Table().know({ 'a.example': plan });
  table.scheduler.pause(reason, table.nowMs, 0, 'reports', 'shop');
  table.submit(['a.example'], { tenant: 'shop' });
  assert.deepEqual(table.take(), []);
  table.submit(['a.example'], { tenant: 'news' });
  table.submit(['a.example']);
  assert.deepEqual(
    table.take().map(({ kind }) => kind),
    ['connect', 'connect'],
  );
  assert.match(table.scheduler.sites().find(({ ready }) => ready > 0)?.blockedOn ?? '', /cannot be signed/u);
  table.scheduler.pause(undefined, table.nowMs, 0, 'reports', 'shop');
  assert.deepEqual(
    table.take().map(({ kind }) => kind),
    ['connect'],
  );
});

test('while a tenant is paused, no lifetime of its mail ends, and those of others do', () => {
  const table = new Table({ lifetimeMs: day }).know({ 'a.example': plan });
  table.scheduler.pause('all wait', table.nowMs);
  table.submit(['a.example'], { tenant: 'shop' });
  table.submit(['a.example'], { tenant: 'news' });
  table.scheduler.pause(reason, table.nowMs, 0, 'reports', 'shop');
  table.pass(day + minute);
  const failed = table.take().filter((effect) => effect.kind === 'failed');
  assert.deepEqual(
    failed.map(({ expired, tenant }) => [tenant, expired]),
    [['news', true]],
  );
  table.scheduler.pause(undefined, table.nowMs, 0, 'reports', 'shop');
  table.pass(2 * minute);
  const later = table.take().filter((effect) => effect.kind === 'failed');
  assert.deepEqual(
    later.map(({ expired, tenant }) => [tenant, expired]),
    [['shop', true]],
  );
});

test('a pause that is over leaves nothing behind, and counts by store', () => {
  const config = configOf();
  const state = new State(config);
  const scheduler = createScheduler(config, start, state);
  for (const store of [0, 1]) {
    scheduler.pause(reason, start, store, 'reports', 'shop');
    scheduler.pause(reason, start, store, 'reports', 'shop');
  }
  scheduler.pause(undefined, start, 0, 'reports', 'shop');
  scheduler.pause(undefined, start, 0, 'reports', 'shop');
  assert.equal(state.pauses.isTenantLate(0, state.tenants.intern('shop', 0)), false);
  assert.equal(state.pauses.isTenantLate(1, state.tenants.intern('shop', 1)), true);
  scheduler.pause(undefined, start, 1, 'reports', 'shop');
  drive(scheduler, ignored);
  scheduler.tick(start + day);
  auditEmpty(state);
});
