// On a Node that is too old, a launcher starts the Node that came with Sluice. When the launcher is killed, Sluice stops in
// order, and the next start waits for that.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { olderNode } from '../cli/older-node.ts';

const old = olderNode();

for (const isSingle of [false, true]) {
  test(
    `Sluice ends in order when its launcher is killed, and the next start works, ${isSingle ? 'in one process' : 'in several'}`,
    { skip: old === undefined && 'there is no older Node here' },
    async (t) => {
      const ground = Ground.of(t);
      const config = { processes: { single_process: isSingle } };
      const port = await freePort();
      const first = await startSluice(ground, { config, port, node: old ?? '' });
      first.program.signal('SIGKILL');
      const next = await startSluice(ground, { config, port });
      const said = first.events().map(({ msg }) => String(msg));
      assert.ok(
        said.some((msg) => msg.startsWith('stopping on SIGTERM')),
        said.join('\n'),
      );
      const stopped = 'stopped; everything that was not delivered is in the spool';
      await until('the first one has stopped in order', () =>
        first.events().some(({ msg }) => msg === stopped),
      );
      assert.equal(await next.program.stop('SIGTERM'), 0);
    },
  );
}
