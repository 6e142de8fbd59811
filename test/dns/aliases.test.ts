// CNAME chains (RFC 1034 3.6.2): in one answer, over several questions, too long ones and circles.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ZoneName } from '../../sim/dns/dns-server.ts';
import { serve } from './server-and-resolver.ts';

/** `n0` to `n<length>`, each an alias of the next; the last has the address. */
function chain(length: number, behaviour: Partial<ZoneName> = {}): Record<string, ZoneName> {
  const zone: Record<string, ZoneName> = {};
  for (let i = 0; i < length; i++) zone[`n${i}.example`] = { cname: `N${i + 1}.example`, ...behaviour };
  zone[`n${length}.example`] = { a: ['192.0.2.9'] };
  return zone;
}

test('a chain inside the answer is followed, and the lowest TTL on the way counts', async (t) => {
  const { resolver, server } = await serve(t, {
    'www.example': { cname: 'b.example', ttl: 500 },
    'b.example': { cname: 'c.example', ttl: 40 },
    'c.example': { a: ['192.0.2.1'], ttl: 300 },
  });
  assert.deepEqual(await resolver.addresses('www.example', 4), {
    kind: 'found',
    records: ['192.0.2.1'],
    ttlSeconds: 40,
    authenticated: false,
    canonicalName: 'c.example',
  });
  assert.equal(server.asked('c.example'), 0);
});

test('a chain whose target is not in the answer is followed with another question', async (t) => {
  const { resolver, server } = await serve(t, {
    'www.example': { cname: 'b.example', ttl: 50, behaviour: 'bare-cname' },
    'b.example': { cname: 'c.example', ttl: 40, behaviour: 'bare-cname' },
    'c.example': { a: ['192.0.2.1'], ttl: 300 },
  });
  const answer = await resolver.addresses('www.example', 4);
  assert.ok(answer.kind === 'found');
  assert.deepEqual(
    [answer.records, answer.ttlSeconds, answer.canonicalName],
    [['192.0.2.1'], 40, 'c.example'],
  );
  assert.equal(server.asked('b.example', 'A'), 1);
  assert.equal(server.asked('c.example', 'A'), 1);
});

for (const [style, behaviour] of [
  ['inside one answer', {}],
  ['over many answers', { behaviour: 'bare-cname' }],
] as const) {
  test(`ten aliases are followed, eleven are not: ${style}`, async (t) => {
    const ten = await serve(t, chain(10, behaviour));
    const answer = await ten.resolver.addresses('n0.example', 4);
    assert.deepEqual(answer.kind === 'found' && answer.records, ['192.0.2.9']);
    const eleven = await serve(t, chain(11, behaviour));
    assert.equal((await eleven.resolver.addresses('n0.example', 4)).kind, 'failed');
  });

  test(`an alias that leads back to itself is a failure: ${style}`, async (t) => {
    const { resolver, server } = await serve(t, {
      'a.example': { cname: 'b.example', ...behaviour },
      'b.example': { cname: 'a.example', ...behaviour },
    });
    assert.equal((await resolver.mx('a.example')).kind, 'failed');
    assert.ok(server.asked('a.example') + server.asked('b.example') <= 12);
  });
}

test('an alias of nothing is nxdomain, an alias of a name without such records is nodata', async (t) => {
  const { resolver } = await serve(t, {
    'dead.example': { cname: 'gone.example', ttl: 7 },
    'empty.example': { cname: 'there.example', ttl: 8 },
    'there.example': {},
    'bare.example': { cname: 'gone.example', ttl: 9, behaviour: 'bare-cname' },
  });
  const negative = (kind: string, ttlSeconds: number) => ({ kind, ttlSeconds, authenticated: false });
  assert.deepEqual(await resolver.mx('dead.example'), negative('nxdomain', 7));
  assert.deepEqual(await resolver.mx('empty.example'), negative('nodata', 8));
  assert.deepEqual(await resolver.mx('bare.example'), negative('nxdomain', 9));
});
