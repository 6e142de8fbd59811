// The watch for own addresses that this host does not have.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { nodeTimers } from '../../src/io/timers.ts';
import { missingSources, SourceWatch } from '../../src/manager/source-watch.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { keptLog } from '../process/quiet-log.ts';

const configOf = (...addresses: readonly string[]) =>
  parseConfig(
    addresses.map((address) => `[[source]]\naddress = "${address}"\n`).join(''),
    '/etc/sluice.toml',
  );

/** A host that has some addresses, and hears when an IP version has none. */
function host(has: string[], ...addresses: readonly string[]) {
  const troubles = new Troubles();
  const log = keptLog();
  const changes: boolean[] = [];
  const bind = (address: string) => Promise.resolve(has.includes(address) ? undefined : 'EADDRNOTAVAIL');
  const world = { config: configOf(...addresses) };
  const watch = new SourceWatch({
    config: () => world.config,
    timers: nodeTimers,
    log,
    troubles,
    bind,
    changed: (isLacking) => void changes.push(isLacking),
  });
  const told = () => troubles.list.map(({ key, level }) => `${level} ${key}`);
  return { watch, world, told, changes, log };
}

test('a source that this host does not have is found by asking the system; one that it has is not', async () => {
  const missing = await missingSources(configOf('127.0.0.1', '192.0.2.4'));
  assert.deepEqual(
    missing.map(({ address, isLast }) => [address, isLast]),
    [['192.0.2.4', false]],
  );
});

test('a lack of ports or files is no missing address', async () => {
  for (const code of ['EADDRINUSE', 'EMFILE', 'ENOBUFS']) {
    assert.deepEqual(await missingSources(configOf('192.0.2.4'), () => Promise.resolve(code)), []);
  }
});

test('one of two sources is a warning, both are critical, and it is over when the host has one', async (t) => {
  const has = ['192.0.2.1'];
  const { watch, told, changes, log } = host(has, '192.0.2.1', '192.0.2.2');
  t.after(() => watch.stop());
  await watch.look();
  assert.deepEqual([told(), changes], [['warning source:192.0.2.2'], []]);
  has.length = 0;
  await watch.look();
  assert.deepEqual(
    [told().sort(), changes],
    [['critical source:192.0.2.1', 'critical source:192.0.2.2'], [true]],
  );
  const lines = log.lines.length;
  await watch.look();
  assert.equal(log.lines.length, lines); // once
  has.push('192.0.2.1', '192.0.2.2');
  await watch.look();
  assert.deepEqual([told(), changes], [[], [true, false]]);
});

test('the last source of one IP version is critical, though the other version has one', async (t) => {
  const { watch, told, changes } = host(['2001:db8::1'], '192.0.2.1', '2001:db8::1');
  t.after(() => watch.stop());
  await watch.look();
  assert.deepEqual([told(), changes], [['critical source:192.0.2.1'], [true]]);
});

test('a reload that removes the source ends the trouble, also while a look is under way', async (t) => {
  const { watch, world, told, changes } = host([], '192.0.2.1');
  t.after(() => watch.stop());
  const under = watch.look();
  world.config = configOf();
  void watch.look();
  await under;
  await watch.look();
  assert.deepEqual([told(), changes.at(-1) ?? false], [[], false]);
});
