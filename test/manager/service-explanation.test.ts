// How messages are sent to the hosts of a plan, for `explain`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PipeliningMemory } from '../../src/manager/pipelining-memory.ts';
import { explainService } from '../../src/manager/service-explanation.ts';
import { discardHop, smtpHop } from '../../src/route/next-hop.ts';

test('each host of which something is known, with what it did not bear and until when', () => {
  const memory = new PipeliningMemory(() => 0);
  const hops = [1, 2, 3].map((i) => smtpHop(`mx${i}.test`, `192.0.2.${i}`, 25, 0));
  const [first, second] = hops;
  assert.ok(first !== undefined && second !== undefined);
  memory.opened(1, first.key);
  memory.ready(1, { way: 'chunk', depth: 4 });
  memory.opened(2, second.key);
  memory.closed(2, { kind: 'across', text: 'lost' });
  memory.opened(3, discardHop.key);
  memory.ready(3, { way: 'group', depth: 1 });
  const plan = { kind: 'relay', site: 's', label: 's', addresses: [...hops, discardHop] } as const;
  const without = [{ kind: 'across', text: 'lost', untilMs: 5 + 24 * 3_600_000 }];
  assert.deepEqual(
    explainService(plan, memory, (ms) => ms + 5),
    [
      { host: 'mx1.test', endpoint: '192.0.2.1:25', last: { way: 'chunk', depth: 4 }, without: [] },
      { host: 'mx2.test', endpoint: '192.0.2.2:25', last: undefined, without },
    ],
  );
});
