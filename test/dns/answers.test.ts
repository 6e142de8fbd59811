// The resolver's results for a well-behaved server's answers.

import assert from 'node:assert/strict';
import test from 'node:test';
import { serve } from './server-and-resolver.ts';

test('MX records come back with preference, canonical exchange and TTL', async (t) => {
  const { resolver } = await serve(t, {
    'example.com': {
      mx: [
        { preference: 20, exchange: 'MX2.example.com' },
        { preference: 10, exchange: 'mx1.example.com' },
      ],
      ttl: 120,
    },
  });
  assert.deepEqual(await resolver.mx('Example.COM.'), {
    kind: 'found',
    records: [
      { preference: 20, exchange: 'mx2.example.com' },
      { preference: 10, exchange: 'mx1.example.com' },
    ],
    ttlSeconds: 120,
    authenticated: false,
    canonicalName: 'example.com',
  });
});

test('the null MX is an exchange named "."', async (t) => {
  const { resolver } = await serve(t, { 'example.com': { mx: [{ preference: 0, exchange: '.' }] } });
  const answer = await resolver.mx('example.com');
  assert.deepEqual(answer.kind === 'found' && answer.records, [{ preference: 0, exchange: '.' }]);
});

test('addresses of either family come back in canonical text', async (t) => {
  const { resolver } = await serve(t, {
    'host.example': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:DB8:0:0:0:0:0:1'], ttl: 60 },
  });
  const common = { kind: 'found', ttlSeconds: 60, authenticated: false, canonicalName: 'host.example' };
  assert.deepEqual(await resolver.addresses('host.example', 4), {
    ...common,
    records: ['192.0.2.1', '192.0.2.2'],
  });
  assert.deepEqual(await resolver.addresses('host.example', 6), { ...common, records: ['2001:db8::1'] });
});

test('the character-strings of a TXT record are joined', async (t) => {
  const long = `v=spf1 ${'ip4:192.0.2.1 '.repeat(40)}-all`;
  const { resolver } = await serve(t, { 'example.com': { txt: [long, ''] } });
  const answer = await resolver.txt('example.com');
  assert.deepEqual(answer.kind === 'found' && answer.records, [long, '']);
});

test('a name without records of the type is nodata, a name that does not exist is nxdomain', async (t) => {
  const { resolver } = await serve(t, { 'example.com': {} }, {}, { negativeTtlSeconds: 77 });
  assert.deepEqual(await resolver.mx('example.com'), {
    kind: 'nodata',
    ttlSeconds: 77,
    authenticated: false,
  });
  assert.deepEqual(await resolver.mx('nowhere.example'), {
    kind: 'nxdomain',
    ttlSeconds: 77,
    authenticated: false,
  });
});

test('the AD bit of a validating server is passed on', async (t) => {
  const { resolver } = await serve(
    t,
    { 'h.example': { a: ['192.0.2.1'] } },
    { validating: true },
    { authenticated: true },
  );
  const found = await resolver.addresses('h.example', 4);
  assert.equal(found.kind === 'found' && found.authenticated, true);
  const negative = await resolver.addresses('h.example', 6);
  assert.equal(negative.kind === 'nodata' && negative.authenticated, true);
});

test('the AD bit of a server that is not declared validating is not believed', async (t) => {
  const { resolver } = await serve(t, { 'h.example': { a: ['192.0.2.1'] } }, {}, { authenticated: true });
  const found = await resolver.addresses('h.example', 4);
  assert.equal(found.kind === 'found' && found.authenticated, false);
});

test('TLSA records come back in hex, of any usage', async (t) => {
  const tlsa = [
    { usage: 3, selector: 1, matchingType: 1, data: 'ab'.repeat(32) },
    { usage: 255, selector: 9, matchingType: 7, data: '' },
  ];
  const { resolver } = await serve(t, { '_25._tcp.mx.example': { tlsa, ttl: 60 } });
  const answer = await resolver.tlsa('_25._tcp.MX.example');
  assert.deepEqual(answer.kind === 'found' && answer.records, tlsa);
});

test('the CNAME of a name is found without following it', async (t) => {
  const { resolver, server } = await serve(
    t,
    {
      'mx.example': { cname: 'Host.Example', ttl: 60, signed: true },
      'host.example': { a: ['192.0.2.1'] },
    },
    { validating: true },
  );
  const address = await resolver.addresses('mx.example', 4);
  // The address is in a zone that is not signed; the alias is in a signed one.
  assert.equal(address.kind === 'found' && address.authenticated, false);
  assert.deepEqual(await resolver.cname('mx.example'), {
    kind: 'found',
    records: ['host.example'],
    ttlSeconds: 60,
    authenticated: true,
    canonicalName: 'mx.example',
  });
  assert.equal((await resolver.cname('host.example')).kind, 'nodata');
  assert.equal(server.asked('host.example', 'A'), 0);
});

test('what the cache has keeps whether it is authenticated', async (t) => {
  const { resolver, server } = await serve(
    t,
    { 'a.example': { a: ['192.0.2.1'], signed: true }, 'b.example': { a: ['192.0.2.2'] } },
    { validating: true },
  );
  for (let round = 0; round < 2; round++) {
    const a = await resolver.addresses('a.example', 4);
    const b = await resolver.addresses('b.example', 4);
    assert.deepEqual(
      [a, b].map((one) => one.kind === 'found' && one.authenticated),
      [true, false],
    );
  }
  assert.equal(server.asked('a.example') + server.asked('b.example'), 2);
});

test('an error code is a failure that names code and server', async (t) => {
  const { resolver } = await serve(t, {
    'a.example': { behaviour: 'servfail' },
    'b.example': { behaviour: 'refused' },
  });
  assert.deepEqual(await resolver.mx('a.example'), { kind: 'failed', reason: 'SERVFAIL from 127.0.0.1' });
  assert.deepEqual(await resolver.mx('b.example'), { kind: 'failed', reason: 'REFUSED from 127.0.0.1' });
});

test('a missing answer is a failure that says how long the resolver waited', async (t) => {
  const { resolver } = await serve(t, { 'a.example': { behaviour: 'drop' } }, { timeoutMs: 20, attempts: 2 });
  assert.deepEqual(await resolver.mx('a.example'), {
    kind: 'failed',
    reason: 'no answer within 20 ms from 127.0.0.1',
  });
  assert.equal(resolver.stats().timeouts, 2);
});

test('a name that DNS cannot encode is not asked for', async (t) => {
  const { resolver, server } = await serve(t, {});
  for (const name of [
    '',
    '..',
    'a..b',
    `${'x'.repeat(64)}.example`,
    'a\tb.example',
    'ü.example',
    '.',
    'a\\.b',
  ]) {
    assert.equal((await resolver.mx(name)).kind, 'failed', name);
  }
  assert.equal((await resolver.mx(`${'x'.repeat(63)}.example`)).kind, 'nxdomain');
  assert.equal(server.queries.size, 1);
});

test('a name with a space is asked for, and so are the names of an address', async (t) => {
  const { resolver } = await serve(t, {
    'a b.example': { a: ['192.0.2.1'] },
    '1.2.0.192.in-addr.arpa': { ptr: ['Mail.Example'] },
  });
  const address = await resolver.addresses('a b.example', 4);
  assert.deepEqual(address.kind === 'found' && address.records, ['192.0.2.1']);
  const name = await resolver.ptr('192.0.2.1');
  assert.deepEqual(name.kind === 'found' && name.records, ['mail.example']);
  assert.equal((await resolver.ptr('192.0.2.2')).kind, 'nxdomain');
  assert.equal((await resolver.ptr('mail.example')).kind, 'failed');
});

test('closing the resolver ends open questions', async (t) => {
  const { resolver } = await serve(t, { 'a.example': { behaviour: 'drop' } }, { maxInFlight: 1 });
  const onTheWire = resolver.mx('a.example');
  const inLine = resolver.mx('b.example');
  resolver.close();
  const closed = { kind: 'failed', reason: 'the resolver was closed' };
  assert.deepEqual(await Promise.all([onTheWire, inLine, resolver.mx('c.example')]), [
    closed,
    closed,
    closed,
  ]);
});
