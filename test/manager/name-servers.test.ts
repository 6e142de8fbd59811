// What the log and `sluice status` tell of an outage of the name servers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outage, Resolver } from '../../src/dns/types.ts';
import { NameServers } from '../../src/manager/name-servers.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { keptLog } from '../process/quiet-log.ts';

function ground() {
  const log = keptLog();
  const troubles = new Troubles();
  const changes: boolean[] = [];
  const nameServers = new NameServers({
    log,
    troubles,
    nowMs: () => 0,
    changed: (isOutage) => changes.push(isOutage),
  });
  let change: (outage: Outage | undefined) => void = () => undefined;
  const resolver = { onOutage: (changed: typeof change) => (change = changed) } as unknown as Resolver;
  nameServers.use(resolver);
  const keys = (): string[] => troubles.list.map(({ key }) => key);
  return { log, changes, keys, nameServers, resolver, change: (outage?: Outage) => change(outage) };
}

const outage: Outage = { sinceMs: 0, reason: '192.0.2.53: no answer within 3000 ms' };

test('an outage is logged once when it begins and once when it ends, and shown meanwhile', () => {
  const { log, changes, keys, change } = ground();
  change(outage);
  assert.deepEqual([keys(), changes, log.lines.length], [['dns'], [true], 1]);
  assert.match(
    log.lines[0] ?? '',
    /^error no name server answers \(192\.0\.2\.53: no answer within 3000 ms\)/,
  );
  change();
  assert.deepEqual([keys(), changes, log.lines.length], [[], [true, false], 2]);
  assert.match(log.lines[1] ?? '', /^info a name server answers again/);
});

test('another configuration ends an outage: nothing is known of its name servers', () => {
  const { changes, keys, change, nameServers, resolver } = ground();
  change(outage);
  nameServers.use(resolver);
  assert.deepEqual([keys(), changes], [[], [true, false]]);
});
