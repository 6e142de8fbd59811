// Questions without an answer make room for waiting ones. The timers are mocked, the sockets are real.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Answer, MxRecord, Resolver, ResolverOptions } from '../../src/dns/resolver.ts';
import { serve } from './server-and-resolver.ts';

const hangingMs = 500;

/** A resolver for 5 questions at once. Its server answers for h.example and is silent about `count` names, which are asked. */
async function ask(t: TestContext, count: number, options: Partial<ResolverOptions> = {}) {
  const names = Array.from({ length: count }, (_, i) => `d${i}.dead.test`);
  const { resolver, server } = await serve(
    t,
    {
      ...Object.fromEntries(names.map((name) => [name, { behaviour: 'drop' } as const])),
      'h.example': { mx: [{ preference: 10, exchange: 'mx.example' }] },
    },
    { maxInFlight: 5, hangingMs, now: () => Date.now(), ...options },
  );
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_000_000 });
  const ended: Answer<MxRecord>[] = [];
  const dead = names.map(async (name) => ended.push(await resolver.mx(name)));
  return { resolver, server, ended, dead };
}

function onTheWire(resolver: Resolver) {
  const { inFlight, hanging, waiting } = resolver.stats();
  return { inFlight, hanging, waiting };
}

test('hanging questions make room: a waiting question is answered while they are all open', async (t) => {
  const { resolver, ended } = await ask(t, 50);
  const healthy = resolver.mx('h.example');
  t.mock.timers.tick(hangingMs - 1);
  assert.deepEqual(onTheWire(resolver), { inFlight: 5, hanging: 0, waiting: 46 });
  t.mock.timers.tick(1);
  assert.deepEqual(onTheWire(resolver), { inFlight: 5, hanging: 5, waiting: 41 });
  for (let i = 1; i < 10; i++) t.mock.timers.tick(hangingMs);
  assert.deepEqual(onTheWire(resolver), { inFlight: 5, hanging: 46, waiting: 0 });
  assert.equal((await healthy).kind, 'found');
  assert.equal(ended.length, 0);
  assert.deepEqual(onTheWire(resolver), { inFlight: 4, hanging: 46, waiting: 0 });
});

test('at most maxHanging questions make room, and each that ends makes room for one more', async (t) => {
  const { resolver, ended, dead } = await ask(t, 50, { maxHanging: 3, timeoutMs: 20_000 });
  for (let i = 0; i < 39; i++) t.mock.timers.tick(hangingMs);
  assert.deepEqual(onTheWire(resolver), { inFlight: 5, hanging: 3, waiting: 42 });
  // The first five end.
  t.mock.timers.tick(hangingMs);
  assert.deepEqual(onTheWire(resolver), { inFlight: 5, hanging: 3, waiting: 37 });
  while (resolver.stats().waiting > 0) t.mock.timers.tick(hangingMs);
  t.mock.timers.tick(20_000);
  await Promise.all(dead);
  assert.deepEqual(new Set(ended.map(({ kind }) => kind)), new Set(['failed']));
  assert.deepEqual(onTheWire(resolver), { inFlight: 0, hanging: 0, waiting: 0 });
});

test('no question makes room while none is waiting', async (t) => {
  const { resolver, ended } = await ask(t, 5);
  t.mock.timers.tick(10 * hangingMs);
  assert.deepEqual(onTheWire(resolver), { inFlight: 5, hanging: 0, waiting: 0 });
  const healthy = resolver.mx('h.example');
  assert.deepEqual(onTheWire(resolver), { inFlight: 5, hanging: 1, waiting: 0 });
  assert.equal((await healthy).kind, 'found');
  assert.equal(ended.length, 0);
});

test('a hanging question can still be answered', async (t) => {
  const { resolver, server } = await ask(t, 0, { maxInFlight: 1, timeoutMs: 5 * hangingMs, attempts: 2 });
  server.set('late.example', { mx: [{ preference: 10, exchange: 'mx.example' }], behaviour: 'drop' });
  const late = resolver.mx('late.example');
  t.mock.timers.tick(hangingMs);
  assert.equal((await resolver.mx('h.example')).kind, 'found');
  assert.deepEqual(onTheWire(resolver), { inFlight: 0, hanging: 1, waiting: 0 });
  server.set('late.example', { mx: [{ preference: 10, exchange: 'mx.example' }] });
  t.mock.timers.tick(4 * hangingMs);
  assert.equal((await late).kind, 'found');
  assert.deepEqual(onTheWire(resolver), { inFlight: 0, hanging: 0, waiting: 0 });
});

test('closing the resolver ends hanging questions, too', async (t) => {
  const { resolver, ended, dead } = await ask(t, 20);
  t.mock.timers.tick(hangingMs);
  assert.deepEqual(onTheWire(resolver), { inFlight: 5, hanging: 5, waiting: 10 });
  resolver.close();
  await Promise.all(dead);
  assert.deepEqual(ended[0], { kind: 'failed', reason: 'the resolver was closed' });
  assert.equal(ended.length, 20);
  assert.deepEqual(onTheWire(resolver), { inFlight: 0, hanging: 0, waiting: 0 });
});
