// Troubles that a configuration causes while Sluice runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { configInForce, configRefused } from '../../src/process/watch/config-troubles.ts';
import { Troubles } from '../../src/stats/troubles.ts';

const config = parseConfig('', '/etc/sluice.toml');
const keysOf = (troubles: Troubles) => troubles.list.map(({ key }) => key);

test('a configuration that was refused is a trouble until the next one is in force', () => {
  const troubles = new Troubles();
  configRefused('the file has 1 mistake', troubles);
  assert.deepEqual(keysOf(troubles), ['config']);
  configInForce(config, [], troubles);
  assert.ok(!keysOf(troubles).includes('config'));
});

test('keys that wait for a restart are a trouble until they are as they were', () => {
  const troubles = new Troubles();
  configInForce(config, ['spool', '[[listen]]'], troubles);
  const restart = troubles.list.find(({ key }) => key === 'restart');
  assert.match(restart?.text ?? '', /not in force: spool, \[\[listen\]\]\./u);
  configInForce(config, [], troubles);
  assert.ok(!keysOf(troubles).includes('restart'));
});

test('too few ports for a source are a trouble, as at start', () => {
  const troubles = new Troubles();
  const wide = parseConfig(
    '[deliver]\nmax_connections = 100000\n[[source]]\naddress = "127.0.0.1"\n',
    '/etc/sluice.toml',
  );
  configInForce(wide, [], troubles);
  assert.ok(keysOf(troubles).some((key) => key.startsWith('capacity:')));
  configInForce(config, [], troubles);
  assert.ok(!keysOf(troubles).some((key) => key.startsWith('capacity:CAPACITY_PORTS')));
});
