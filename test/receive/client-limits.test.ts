// Limits of connections and of new connections for each client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ClientLimits } from '../../src/receive/client-limits.ts';

test('a client gets at most its connections, independently of other clients', () => {
  const limits = new ClientLimits(2, { count: 0, perMs: 60_000 });
  assert.equal(limits.admit('a', 0), undefined);
  assert.equal(limits.admit('a', 0), undefined);
  assert.equal(limits.admit('a', 0), 'connections');
  assert.equal(limits.admit('b', 0), undefined);
  assert.deepEqual(
    ['a', 'b', 'c'].map((client) => limits.connectionsOf(client)),
    [2, 1, 0],
  );
  limits.release('a');
  assert.equal(limits.connectionsOf('a'), 1);
  assert.equal(limits.admit('a', 0), undefined);
});

test('a client never gets more new connections in a period than its rate allows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.nat(3_000), { maxLength: 200 }),
      (count, gaps) => {
        const perMs = 10_000;
        const limits = new ClientLimits(0, { count, perMs });
        const admitted: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          if (limits.admit('a', now) === undefined) {
            admitted.push(now);
            limits.release('a');
          }
        }
        for (const start of admitted) {
          const inSpan = admitted.filter((at) => at >= start && at < start + perMs).length;
          // GCRA lets a burst of `count` be followed by what the span itself earns.
          assert.ok(inSpan <= count * 2, `${inSpan} in ${perMs} ms from ${start}`);
        }
        assert.ok(admitted.length <= count + Math.floor((now * count) / perMs) + 1);
      },
    ),
  );
});

test('a client that was refused by rate is served again when its time has come', () => {
  const limits = new ClientLimits(0, { count: 2, perMs: 1_000 });
  assert.equal(limits.admit('a', 0), undefined);
  assert.equal(limits.admit('a', 0), undefined);
  assert.equal(limits.admit('a', 0), 'rate');
  assert.equal(limits.admit('a', 499), 'rate');
  assert.equal(limits.admit('a', 500), undefined);
});

test('idle clients are forgotten, so that their number stays bounded', () => {
  const limits = new ClientLimits(5, { count: 10, perMs: 1_000 });
  for (let i = 0; i < 100_000; i++) {
    limits.admit(`client ${i}`, i);
    limits.release(`client ${i}`);
  }
  assert.ok(limits.clients <= 20_000, `${limits.clients} remembered`);
});
