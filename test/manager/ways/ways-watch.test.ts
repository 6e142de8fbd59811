// A change of a table reaches the mail that waits: one walk at a time, and pauses between them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTimers } from '../../../sim/virtual-timers.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { WaysWatch } from '../../../src/manager/ways/ways-watch.ts';

function watched(config = '') {
  const timers = new VirtualTimers();
  const walks: (() => void)[] = [];
  let renewed = 0;
  let changed = (): void => assert.fail('nobody listens');
  const watch = new WaysWatch(
    {
      rerouter: {
        reroute: (walked) => {
          walks.push(() => walked?.());
          return Promise.resolve();
        },
      },
      asked: { renew: () => renewed++ },
      tables: {
        open: () => [],
        onChange: (listener) => {
          changed = listener;
        },
      },
      timers,
    },
    parseConfig(config, '/etc/sluice.toml'),
  );
  return { timers, walks, watch, changed: () => changed(), renewed: () => renewed };
}

test('changes during a walk make one further walk, after a pause as long as the walk was', async () => {
  const { changed, renewed, timers, walks } = watched();
  changed();
  assert.equal(walks.length, 1);
  await timers.pass(7_000);
  changed();
  changed();
  assert.equal(walks.length, 1);
  assert.equal(renewed(), 3);
  walks[0]?.();
  await timers.pass(6_999);
  assert.equal(walks.length, 1);
  await timers.pass(1);
  assert.equal(walks.length, 2);
  walks[1]?.();
  await timers.pass(60_000);
  assert.equal(walks.length, 2);
  changed();
  assert.equal(walks.length, 3);
});

test('mail is looked up again at times only where changes of a table cannot be seen', async () => {
  const table = (kind: string) => `
[[table]]
name = "t"
path = "t"
${kind}
[[route_table]]
table = "t"
`;
  const files = watched(table('kind = "key-value"'));
  const database = watched(table('kind = "sqlite"\nquery = "SELECT route FROM t WHERE address = ?"'));
  await files.timers.pass(600_000);
  assert.equal(files.walks.length, 0);
  await database.timers.pass(300_000);
  assert.equal(database.walks.length, 1);
  database.walks[0]?.();
  database.watch.stop();
  await database.timers.pass(600_000);
  assert.equal(database.walks.length, 1);
});
