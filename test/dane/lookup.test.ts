// The look-up of TLSA records, against a name server that says which names are in signed zones (RFC 7672 2.2).

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Zone } from '../../sim/dns/dns-server.ts';
import { createDaneLookup } from '../../src/dane/lookup.ts';
import type { DaneAnswer, DaneHost } from '../../src/values/dane-lookup.ts';
import { serve } from '../dns/server-and-resolver.ts';

const record = { usage: 3, selector: 1, matchingType: 1, data: 'ab'.repeat(32) };
const authority = { usage: 2, selector: 0, matchingType: 1, data: 'cd'.repeat(32) };
const mx = { mx: [{ preference: 10, exchange: 'mx.example' }], signed: true, ttl: 600 };
const signedHost = { a: ['192.0.2.1'], signed: true, ttl: 600 };
const records = { tlsa: [record], signed: true, ttl: 600 };

async function look(
  t: TestContext,
  zone: Zone,
  host: Partial<DaneHost> = {},
): Promise<{ answer: DaneAnswer; asked: string[] }> {
  const { resolver, server } = await serve(t, zone, { validating: true });
  const lookup = createDaneLookup({ resolver, ipv4: true, ipv6: true });
  const answer = await lookup.of({
    host: 'mx.example',
    port: 25,
    nextHopDomain: 'domain.example',
    isSecure: true,
    ...host,
  });
  return { answer, asked: [...server.queries.keys()] };
}

const tlsaQuestions = (asked: readonly string[]): string[] => asked.filter((one) => one.endsWith(' TLSA'));

test('secure records of a secure host are found under its name and port', async (t) => {
  const { answer } = await look(
    t,
    { 'domain.example': mx, 'mx.example': signedHost, '_2525._tcp.mx.example': records },
    { port: 2525 },
  );
  assert.deepEqual(answer, {
    kind: 'records',
    base: 'mx.example',
    names: [],
    tlsa: [record],
    ips: undefined,
    // The missing AAAA holds for as long as the server's negative TTL.
    ttlSeconds: 60,
  });
});

test('a host that is known by insecure MX records has no DANE, and nothing is asked', async (t) => {
  const { answer, asked } = await look(t, { 'mx.example': signedHost }, { isSecure: false });
  assert.equal(answer.kind, 'none');
  assert.deepEqual(asked, []);
});

test('a smarthost that is given by its address has no DANE, and nothing is asked', async (t) => {
  for (const host of ['192.0.2.1', '[192.0.2.1]', '2001:db8::1']) {
    const { answer, asked } = await look(t, {}, { host, nextHopDomain: host });
    assert.deepEqual(answer, { kind: 'none', ttlSeconds: Infinity });
    assert.deepEqual(asked, []);
  }
});

test('insecure addresses end DANE before any TLSA question', async (t) => {
  const { answer, asked } = await look(t, {
    'domain.example': mx,
    'mx.example': { ...signedHost, signed: false },
    '_25._tcp.mx.example': { ...records, behaviour: 'servfail' },
  });
  assert.deepEqual(answer, { kind: 'none', ttlSeconds: 60 });
  assert.deepEqual(tlsaQuestions(asked), []);
});

for (const behaviour of ['servfail', 'refused'] as const) {
  test(`a TLSA look-up that ends with ${behaviour} is not taken for "no records"`, async (t) => {
    const { answer } = await look(t, {
      'domain.example': mx,
      'mx.example': signedHost,
      '_25._tcp.mx.example': { behaviour },
    });
    assert.equal(answer.kind, 'failed');
    assert.match(
      answer.kind === 'failed' ? answer.reason : '',
      /^TLSA records of mx\.example, port 25: (SERVFAIL|REFUSED)/u,
    );
  });
}

test('addresses that cannot be looked up skip the host', async (t) => {
  const { answer, asked } = await look(t, {
    'domain.example': mx,
    'mx.example': { behaviour: 'servfail', behaviourTypes: ['A', 'AAAA'] },
    '_25._tcp.mx.example': records,
  });
  assert.equal(answer.kind, 'failed');
  assert.deepEqual(tlsaQuestions(asked), []);
});

test('one IP version with secure addresses is enough', async (t) => {
  const { answer } = await look(t, {
    'domain.example': mx,
    'mx.example': { ...signedHost, behaviour: 'servfail', behaviourTypes: ['AAAA'] },
    '_25._tcp.mx.example': records,
  });
  assert.equal(answer.kind === 'records' && answer.base, 'mx.example');
});

for (const [what, entry] of [
  ['do not exist', undefined],
  ['are missing under a name that exists', { signed: true }],
  ['are insecure', { ...records, signed: false }],
  ['are said to be missing by an insecure answer', { signed: false }],
] as const) {
  test(`no DANE when the records ${what}`, async (t) => {
    const zone = { 'domain.example': mx, 'mx.example': signedHost };
    const { answer, asked } = await look(
      t,
      entry === undefined ? zone : { ...zone, '_25._tcp.mx.example': entry },
    );
    assert.deepEqual(answer, { kind: 'none', ttlSeconds: 60 });
    assert.deepEqual(tlsaQuestions(asked), ['_25._tcp.mx.example TLSA']);
  });
}

test('usages 0 and 1 alone leave DANE without a usable record', async (t) => {
  const { answer } = await look(t, {
    'domain.example': mx,
    'mx.example': signedHost,
    '_25._tcp.mx.example': {
      ...records,
      tlsa: [
        { ...record, usage: 0 },
        { ...record, usage: 1 },
      ],
    },
  });
  assert.ok(answer.kind === 'records');
  assert.deepEqual(answer.tlsa, []);
});

test('a TLSA record that is an alias is followed if all of it is secure', async (t) => {
  const zone: Zone = {
    'domain.example': mx,
    'mx.example': signedHost,
    '_25._tcp.mx.example': { cname: 'tlsa.other.example', signed: true },
    'tlsa.other.example': records,
  };
  const secure = await look(t, zone);
  assert.deepEqual(secure.answer.kind === 'records' && [secure.answer.base, secure.answer.tlsa], [
    'mx.example',
    [record],
  ]);
  const insecure = await look(t, { ...zone, 'tlsa.other.example': { ...records, signed: false } });
  assert.equal(insecure.answer.kind, 'none');
});

const alias = { cname: 'host.other.example', signed: true, ttl: 600 };

test('behind a secure alias, the records of the last name come first', async (t) => {
  const { answer, asked } = await look(t, {
    'domain.example': mx,
    'mx.example': alias,
    'host.other.example': signedHost,
    '_25._tcp.host.other.example': { ...records, tlsa: [authority] },
    '_25._tcp.mx.example': records,
  });
  assert.ok(answer.kind === 'records');
  assert.deepEqual([answer.base, answer.tlsa], ['host.other.example', [authority]]);
  assert.deepEqual(answer.names, ['host.other.example', 'mx.example', 'domain.example']);
  assert.deepEqual(tlsaQuestions(asked), ['_25._tcp.host.other.example TLSA']);
});

test('behind a secure alias, the first name is asked when the last one has no records', async (t) => {
  const { answer } = await look(t, {
    'domain.example': mx,
    'mx.example': alias,
    'host.other.example': signedHost,
    '_25._tcp.mx.example': records,
  });
  assert.equal(answer.kind === 'records' && answer.base, 'mx.example');
});

test('the last name of a secure alias that fails is not passed over', async (t) => {
  const { answer } = await look(t, {
    'domain.example': mx,
    'mx.example': alias,
    'host.other.example': signedHost,
    '_25._tcp.host.other.example': { behaviour: 'servfail' },
    '_25._tcp.mx.example': records,
  });
  assert.equal(answer.kind, 'failed');
});

test('a secure alias of an insecure host has the records of the first name alone', async (t) => {
  const { answer, asked } = await look(t, {
    'domain.example': mx,
    'mx.example': alias,
    'host.other.example': { ...signedHost, signed: false },
    '_25._tcp.host.other.example': { ...records, behaviour: 'servfail' },
    '_25._tcp.mx.example': records,
  });
  assert.equal(answer.kind === 'records' && answer.base, 'mx.example');
  assert.ok(asked.includes('mx.example CNAME'));
  assert.deepEqual(tlsaQuestions(asked), ['_25._tcp.mx.example TLSA']);
});

test('an insecure alias ends DANE without a TLSA question', async (t) => {
  const { answer, asked } = await look(t, {
    'domain.example': mx,
    'mx.example': { ...alias, signed: false },
    'host.other.example': signedHost,
    '_25._tcp.mx.example': { behaviour: 'servfail' },
  });
  assert.equal(answer.kind, 'none');
  assert.deepEqual(tlsaQuestions(asked), []);
});

test('an alias whose own look-up fails skips the host', async (t) => {
  const { answer } = await look(t, {
    'domain.example': mx,
    'mx.example': { ...alias, behaviour: 'servfail', behaviourTypes: ['CNAME'] },
    'host.other.example': { ...signedHost, signed: false },
  });
  assert.equal(answer.kind, 'failed');
});

test('a domain without MX records is its own host, under its own name too when it is an alias', async (t) => {
  const zone: Zone = {
    'domain.example': { cname: 'host.example', signed: true },
    'host.example': signedHost,
    '_25._tcp.domain.example': { ...records, tlsa: [authority] },
  };
  // Routing names the end of the alias as the host (RFC 5321 5.1).
  const { answer } = await look(t, zone, { host: 'host.example' });
  assert.ok(answer.kind === 'records');
  assert.deepEqual([answer.base, answer.names], ['domain.example', ['domain.example']]);
});

test('certificates may be for the end of the alias that the domain is', async (t) => {
  const { answer } = await look(t, {
    'domain.example': { cname: 'mail.domain.example', signed: true },
    'mail.domain.example': mx,
    'mx.example': signedHost,
    '_25._tcp.mx.example': { ...records, tlsa: [authority] },
  });
  assert.deepEqual(answer.kind === 'records' && answer.names, [
    'mx.example',
    'domain.example',
    'mail.domain.example',
  ]);
});

test('a smarthost is secure by configuration, and no MX is asked for', async (t) => {
  const { answer, asked } = await look(
    t,
    { 'mx.example': signedHost, '_587._tcp.mx.example': records },
    { nextHopDomain: 'mx.example', port: 587 },
  );
  assert.equal(answer.kind === 'records' && answer.base, 'mx.example');
  assert.ok(!asked.some((one) => one.endsWith(' MX')));
});

test('the answer holds for the lowest TTL of all that it rests on', async (t) => {
  const zone: Zone = {
    'domain.example': mx,
    'mx.example': { ...signedHost, aaaa: ['2001:db8::1'] },
    '_25._tcp.mx.example': { ...records, ttl: 17 },
  };
  const byRecords = await look(t, zone);
  assert.equal(byRecords.answer.kind === 'records' && byRecords.answer.ttlSeconds, 17);
  const byAddress = await look(t, { ...zone, 'mx.example': { ...signedHost, ttl: 9 } });
  assert.equal(byAddress.answer.kind === 'records' && byAddress.answer.ttlSeconds, 9);
});

test('only secure addresses are used when one IP version is not', async () => {
  const address = (ip: string, authenticated: boolean) => ({
    kind: 'found' as const,
    records: [ip],
    ttlSeconds: 60,
    authenticated,
    canonicalName: 'mx.example',
  });
  const nobody = () => Promise.reject(new Error('not asked for'));
  const lookup = createDaneLookup({
    resolver: {
      mx: nobody,
      cname: nobody,
      addresses: async (_host, family) =>
        family === 4 ? address('192.0.2.1', true) : address('2001:db8::1', false),
      tlsa: async () => ({
        kind: 'found',
        records: [record],
        ttlSeconds: 60,
        authenticated: true,
        canonicalName: '_25._tcp.mx.example',
      }),
    },
    ipv4: true,
    ipv6: true,
  });
  const answer = await lookup.of({
    host: 'mx.example',
    port: 25,
    nextHopDomain: 'mx.example',
    isSecure: true,
  });
  assert.deepEqual(answer.kind === 'records' && answer.ips, ['192.0.2.1']);
});
