// What the resolver caches and for how long, on a clock that the test advances.

import assert from 'node:assert/strict';
import test from 'node:test';
import { serve } from './server-and-resolver.ts';

test('an answer is kept until its TTL is over, and is returned with the remaining TTL', async (t) => {
  const { resolver, server, clock } = await serve(t, { 'h.example': { a: ['192.0.2.1'], ttl: 100 } });
  const ttl = async () => {
    const answer = await resolver.addresses('h.example', 4);
    return answer.kind === 'found' && answer.ttlSeconds;
  };
  assert.equal(await ttl(), 100);
  clock.ms += 40_000;
  assert.equal(await ttl(), 60);
  clock.ms += 59_999;
  assert.equal(await ttl(), 1);
  assert.equal(server.asked('h.example'), 1);
  clock.ms++;
  assert.equal(await ttl(), 100);
  assert.equal(server.asked('h.example'), 2);
  assert.equal(resolver.stats().cacheHits, 2);
});

test('names are equal in any case and with a final dot; types are cached apart', async (t) => {
  const { resolver, server } = await serve(t, { 'h.example': { a: ['192.0.2.1'] } });
  await resolver.addresses('h.example', 4);
  await resolver.addresses('H.Example.', 4);
  assert.equal(server.asked('h.example', 'A'), 1);
  await resolver.addresses('h.example', 6);
  assert.equal(server.asked('h.example', 'AAAA'), 1);
});

for (const [what, ttl, options, seconds] of [
  ['no longer than the upper bound', 90_000, { maxTtlSeconds: 3600 }, 3600],
  ['no shorter than the lower bound', 0, { minTtlSeconds: 10 }, 10],
  ['as long as the record says', 77, { minTtlSeconds: 10, maxTtlSeconds: 3600 }, 77],
] as const) {
  test(`a positive answer is kept ${what}`, async (t) => {
    const { resolver } = await serve(t, { 'h.example': { a: ['192.0.2.1'], ttl } }, options);
    const answer = await resolver.addresses('h.example', 4);
    assert.equal(answer.kind === 'found' && answer.ttlSeconds, seconds);
  });
}

test('without a lower bound, TTL 0 is not kept at all', async (t) => {
  const { resolver, server } = await serve(t, { 'h.example': { a: ['192.0.2.1'], ttl: 0 } });
  await resolver.addresses('h.example', 4);
  await resolver.addresses('h.example', 4);
  assert.equal(server.asked('h.example'), 2);
});

for (const [what, soa, cap, seconds] of [
  ['as long as the SOA says', 50, 3600, 50],
  ['no longer than its cap', 5000, 600, 600],
] as const) {
  test(`a negative answer is kept ${what}`, async (t) => {
    const { resolver, server, clock } = await serve(
      t,
      { 'there.example': {} },
      { negativeTtlSeconds: cap },
      { negativeTtlSeconds: soa },
    );
    for (const name of ['there.example', 'gone.example']) {
      const answer = await resolver.mx(name);
      assert.equal(answer.kind !== 'failed' && answer.ttlSeconds, seconds);
      clock.ms += (seconds - 1) * 1000;
      await resolver.mx(name);
      assert.equal(server.asked(name), 1);
      clock.ms += 1000;
      await resolver.mx(name);
      assert.equal(server.asked(name), 2);
    }
  });
}

test('a failure is kept for five seconds', async (t) => {
  const { resolver, server, clock } = await serve(t, { 'h.example': { behaviour: 'servfail' } });
  await resolver.mx('h.example');
  clock.ms += 4999;
  assert.equal((await resolver.mx('h.example')).kind, 'failed');
  assert.equal(server.asked('h.example'), 1);
  server.set('h.example', { mx: [{ preference: 1, exchange: 'mx.example' }] });
  clock.ms++;
  assert.equal((await resolver.mx('h.example')).kind, 'found');
});

test('flush forgets everything', async (t) => {
  const { resolver, server } = await serve(t, { 'h.example': { a: ['192.0.2.1'] } });
  await resolver.addresses('h.example', 4);
  assert.equal(resolver.stats().entries, 1);
  resolver.flush();
  assert.equal(resolver.stats().entries, 0);
  await resolver.addresses('h.example', 4);
  assert.equal(server.asked('h.example'), 2);
});

test('the cache is bounded, and answers in use stay', async (t) => {
  const { resolver, server } = await serve(t, { 'used.example': { a: ['192.0.2.1'] } }, { maxEntries: 20 });
  for (let i = 0; i < 100; i++) {
    await resolver.addresses('used.example', 4);
    await resolver.addresses(`n${i}.example`, 4);
    assert.ok(resolver.stats().entries <= 20);
  }
  assert.equal(server.asked('used.example'), 1);
  await resolver.addresses('n0.example', 4);
  assert.equal(server.asked('n0.example'), 2);
});

test('a large answer takes the room of several small ones', async (t) => {
  const text = 'x'.repeat(5000);
  const zone = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`t${i}.example`, { txt: [text] }]));
  const { resolver } = await serve(t, zone, { maxEntries: 40 });
  for (const name of Object.keys(zone)) await resolver.txt(name);
  const { entries } = resolver.stats();
  assert.ok(entries >= 1 && entries <= 4, `${entries} entries`);
});

test('equal questions at one time are sent once, and share the answer', async (t) => {
  const { resolver, server } = await serve(t, { 'h.example': { a: ['192.0.2.1'] } });
  const answers = await Promise.all(Array.from({ length: 50 }, () => resolver.addresses('h.example', 4)));
  assert.equal(new Set(answers).size, 1);
  assert.equal(server.asked('h.example'), 1);
  assert.equal(resolver.stats().coalesced, 49);
});

test('no more questions are open at once than allowed, and all are answered in the end', async (t) => {
  const zone = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`h${i}.example`, { a: ['192.0.2.1'] }]),
  );
  const { resolver } = await serve(t, zone, { maxInFlight: 7 });
  const seen: number[] = [];
  const answers = await Promise.all(
    Object.keys(zone).map(async (name) => {
      const answer = await resolver.addresses(name, 4);
      seen.push(resolver.stats().inFlight);
      return answer.kind;
    }),
  );
  assert.deepEqual(new Set(answers), new Set(['found']));
  assert.equal(Math.max(...seen), 7);
  const { inFlight, waiting, sent } = resolver.stats();
  assert.deepEqual({ inFlight, waiting, sent }, { inFlight: 0, waiting: 0, sent: 200 });
});
