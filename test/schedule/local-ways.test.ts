// Ways out that end on this host: their limits are their own, and they take nothing of what is for other hosts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planOfWay } from '../../src/route/local-ways.ts';
import type { RelayPlan, RoutePlan } from '../../src/route/types.ts';
import type { LimitKey, LimitRule } from '../../src/schedule/limits/types.ts';
import type { LocalWay } from '../../src/values/local-way.ts';
import { day, relay, start, Table } from './table.ts';

const way: LocalWay = { kind: 'redirect', to: ['a@far.test'] };

function wayPlan(): RelayPlan & RoutePlan {
  const { plan } = planOfWay({ name: 'box', target: way }, way);
  assert.ok(plan.kind === 'relay');
  return { ...plan, validUntilMs: start + 30 * day };
}

function rule(per: readonly LimitKey[], connections: number, match: LimitRule['match'] = {}): LimitRule {
  const id = `${per.join(' ')} ${JSON.stringify(match)}`;
  return { id, name: '', origin: 'test', per, match, connections, isOverride: false };
}

function tableWith(
  rules: readonly LimitRule[],
  limits: { readonly global?: number; readonly local?: number } = {},
): Table {
  const on = new Table({ limits: { perDomain: 2, perSite: 2, perIp: 2, ...limits, rules } });
  return on.know({ 'box.test': wayPlan(), 'far.test': relay('far', ['192.0.2.1']) });
}

function opened(on: Table): { readonly local: number; readonly far: number } {
  const hops = on.connects().map(({ hop }) => hop.transport);
  const local = hops.filter((transport) => transport === 'redirect').length;
  return { local, far: hops.length - local };
}

function submit(on: Table, count: number, domain: string): void {
  for (let at = 0; at < count; at++) on.submit([domain]);
}

test('neither the limit of all connections nor those of domains, sites and tenants hold', () => {
  const on = tableWith([rule(['tenant'], 1), rule(['mx'], 1), rule(['domain', 'mx'], 1)], { global: 2 });
  submit(on, 5, 'box.test');
  submit(on, 5, 'far.test');
  assert.deepEqual(opened(on), { local: 5, far: 1 });
});

test('a full limit of all connections leaves room for local work, and the other way round', () => {
  const on = tableWith([rule(['domain'], 9), rule(['site'], 9), rule(['ip'], 9)], { global: 2, local: 3 });
  submit(on, 5, 'far.test');
  assert.deepEqual(opened(on), { local: 0, far: 2 });
  submit(on, 5, 'box.test');
  assert.deepEqual(opened(on), { local: 3, far: 0 });
  const blocked = new Map(on.scheduler.sites().map(({ site, blockedOn }) => [site, blockedOn]));
  assert.equal(blocked.get(wayPlan().site), 'limit local (3) is full');
});

test('limits that name its site or its host hold, and so does a limit of 0 on its mail', () => {
  const bySite = tableWith([rule(['site'], 3, { site: [wayPlan().site] })]);
  submit(bySite, 5, 'box.test');
  assert.equal(opened(bySite).local, 3);
  const byDomain = tableWith([rule(['domain'], 0, { domain: [{ kind: 'exact', domain: 'box.test' }] })]);
  submit(byDomain, 5, 'box.test');
  assert.equal(opened(byDomain).local, 0);
});

test('mail of a route that holds it says so, with the reason', () => {
  const hold: LocalWay = { kind: 'hold', reason: 'until the new server is there' };
  const { plan } = planOfWay({ name: 'box', target: hold }, hold);
  assert.ok(plan.kind === 'relay');
  const held = { ...rule(['site'], 0, { site: [plan.site] }), origin: 'hold of box', reason: hold.reason };
  const limits = { perDomain: 2, perSite: 2, perIp: 2, rules: [held] };
  const on = new Table({ limits }).know({ 'box.test': { ...plan, validUntilMs: start + 30 * day } });
  submit(on, 1, 'box.test');
  assert.deepEqual(on.connects(), []);
  const text = 'hold of box: until the new server is there';
  assert.deepEqual(
    [...on.scheduler.recipients()].map(({ waitsFor }) => waitsFor),
    [text],
  );
  assert.deepEqual(
    on.scheduler.sites().map(({ blockedOn }) => blockedOn),
    [text],
  );
});
