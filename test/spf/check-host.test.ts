// SPF as receivers ask for it: identities, results, limits, macros, and records that want to cost much.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Zone } from '../../sim/dns/zone.ts';
import { checkHost, heloQuery, mailFromQuery, type SpfSession } from '../../src/spf/check-host.ts';
import { isSpfRecord, parseRecord } from '../../src/spf/parse-record.ts';
import type { SpfVerdict } from '../../src/spf/types.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';

const session: SpfSession = {
  ip: '192.0.2.1',
  helo: 'mx.sender.example',
  receiver: 'mx.example.net',
  nowSeconds: 1_700_000_000,
};

function check(
  zone: Zone,
  from = 'user@sender.example',
  with_: Partial<SpfSession> = {},
): Promise<SpfVerdict> {
  return checkHost(mailFromQuery(from, { ...session, ...with_ }), zoneResolver(zone));
}

test('the first mechanism that matches decides, with its qualifier', async () => {
  const results = new Map([
    ['v=spf1 ip4:192.0.2.0/24 -all', 'pass'],
    ['v=spf1 -ip4:192.0.2.1 +all', 'fail'],
    ['v=spf1 ip4:198.51.100.1 ~all', 'softfail'],
    ['v=spf1 ip6:2001:db8::/32 ?all', 'neutral'],
    ['v=spf1 ip4:198.51.100.1', 'neutral'],
    ['V=SPF1 MX -ALL', 'pass'],
    ['v=spf10 -all', 'none'],
    ['v=spf1 a:%{i}.list.sender.example -all', 'fail'],
    ['v=spf1 exists:%{ir}.list.sender.example -all', 'pass'],
    ['v=spf1 ptr:host.example -all', 'pass'],
    ['v=spf1 ptr -all', 'fail'],
    ['v=spf1 ip4:192.0.2.1 -all unknown=%{x}', 'permerror'],
    ['v=spf1 ip4:192.0.2.1/33 -all', 'permerror'],
  ]);
  for (const [txt, result] of results) {
    const verdict = await check({
      'sender.example': {
        txt: ['something else', txt],
        mx: [{ preference: 10, exchange: 'a.sender.example' }],
      },
      'a.sender.example': { a: ['192.0.2.1'] },
      '1.2.0.192.list.sender.example': { a: ['127.0.0.2'] },
      '1.2.0.192.in-addr.arpa': { ptr: ['liar.sender.example', 'c1.host.example'] },
      'liar.sender.example': { a: ['203.0.113.9'] },
      'c1.host.example': { a: ['192.0.2.1'] },
    });
    assert.equal(verdict.result, result, `${txt}: ${verdict.reason}`);
  }
});

test('the null reverse-path is asked about by the HELO name', async () => {
  const zone = { 'mx.sender.example': { txt: ['v=spf1 ip4:192.0.2.1 -all'] } };
  assert.deepEqual(mailFromQuery('', session), heloQuery(session));
  const { result, domain } = await check(zone, '');
  assert.deepEqual({ result, domain }, { result: 'pass', domain: 'mx.sender.example' });
});

test('an address literal, a name of one label and an empty HELO have no SPF record, and the DNS is not asked', async () => {
  for (const helo of ['[192.0.2.1]', '[IPv6:2001:db8::1]', '192.0.2.1', 'localhost', '', 'a..b']) {
    const resolver = zoneResolver({});
    assert.equal((await checkHost(heloQuery({ ...session, helo }), resolver)).result, 'none');
    assert.deepEqual(resolver.asked, []);
  }
});

test('an IPv4 client on a dual-stack socket counts as IPv4', async () => {
  const zone = { 'sender.example': { txt: ['v=spf1 ip4:192.0.2.1 -all'] } };
  assert.equal((await check(zone, undefined, { ip: '::ffff:192.0.2.1' })).result, 'pass');
  assert.equal((await check(zone, undefined, { ip: '::ffff:c000:201' })).result, 'pass');
  const mapped = { 'sender.example': { txt: ['v=spf1 ip6:::ffff:192.0.2.1 -all'] } };
  assert.equal((await check(mapped)).result, 'fail');
});

test('a failed look-up is a temporary error wherever it happens', async () => {
  const failing = { behaviour: 'servfail' } as const;
  const zones: Zone[] = [
    { 'sender.example': failing },
    { 'sender.example': { txt: ['v=spf1 include:other.example -all'] }, 'other.example': failing },
    { 'sender.example': { txt: ['v=spf1 a -all'], behaviour: 'servfail', behaviourTypes: ['A'] } },
    {
      'sender.example': { txt: ['v=spf1 mx -all'], mx: [{ preference: 1, exchange: 'mx.example' }] },
      'mx.example': failing,
    },
    { 'sender.example': { txt: ['v=spf1 redirect=other.example'] }, 'other.example': failing },
  ];
  for (const zone of zones) assert.equal((await check(zone)).result, 'temperror');
});

test('an MX host that matches counts, even if another one cannot be looked up', async () => {
  const verdict = await check({
    'sender.example': {
      txt: ['v=spf1 mx -all'],
      mx: ['gone.example', 'a.example'].map((exchange) => ({ preference: 1, exchange })),
    },
    'gone.example': { behaviour: 'servfail' },
    'a.example': { a: ['192.0.2.1'] },
  });
  assert.equal(verdict.result, 'pass');
});

test('an explanation is that of the domain that failed, expanded, and printable', async () => {
  const zone = {
    'sender.example': { txt: ['v=spf1 -all exp=why.%{d}'] },
    'why.sender.example': { txt: ['%{c} is no host of %{o}, says %{r} at %{t} (%{S})'] },
  };
  const { explanation } = await check(zone, 'a"b@sender.example');
  assert.equal(
    explanation,
    '192.0.2.1 is no host of sender.example, says mx.example.net at 1700000000 (a%22b%40sender.example)',
  );
  const helo = {
    'sender.example': { txt: ['v=spf1 -all exp=why.%{d}'] },
    'why.sender.example': { txt: ['%{h}'] },
  };
  assert.equal((await check(helo, undefined, { helo: 'x\r\n250 ok.example' })).explanation, undefined);
});

test('records that include each other without end cost ten look-ups', async () => {
  const zone: Record<string, Zone[string]> = {};
  for (const name of ['sender', 'one', 'two']) {
    zone[`${name}.example`] = {
      txt: ['v=spf1 include:one.example include:two.example include:sender.example -all'],
    };
  }
  const resolver = zoneResolver(zone);
  const { result, reason } = await checkHost(mailFromQuery('a@sender.example', session), resolver);
  assert.deepEqual(
    { result, reason },
    { result: 'permerror', reason: 'the SPF record of sender.example needs more than 10 look-ups' },
  );
  assert.equal(resolver.asked.length, 11);
});

test('the worst record asks about a hundred questions, and the names of a client once', async () => {
  const hosts = Array.from({ length: 10 }, (_, at) => `h${at}.sender.example`);
  const zone: Record<string, Zone[string]> = {
    'sender.example': {
      txt: [`v=spf1 ${'mx ptr:x%{p}.example '.repeat(5)}-all`],
      mx: hosts.map((exchange) => ({ preference: 1, exchange })),
    },
    '1.2.0.192.in-addr.arpa': { ptr: Array.from({ length: 200 }, (_, at) => `c${at}.example`) },
  };
  for (const host of hosts) zone[host] = { a: ['198.51.100.1'] };
  const resolver = zoneResolver(zone);
  assert.equal((await checkHost(mailFromQuery('a@sender.example', session), resolver)).result, 'fail');
  // One for the record, one for the names, ten for their addresses, and eleven for each of five "mx".
  assert.equal(resolver.asked.length, 1 + 1 + 10 + 5 * 11);
});

test('a record of macros does not multiply what a client says', async () => {
  const helo = `${'a.'.repeat(1000)}example`;
  const record = `v=spf1 ${`exists:${'%{H}'.repeat(200)}.x.example `.repeat(9)}-all`;
  assert.ok(record.length < 8192);
  const resolver = zoneResolver({ 'sender.example': { txt: [record] } });
  const cpu = process.cpuUsage();
  const { result } = await checkHost(mailFromQuery('u@sender.example', { ...session, helo }), resolver);
  const { user } = process.cpuUsage(cpu);
  assert.equal(result, 'permerror');
  // The third term that finds nothing ends it. A name keeps its last 253 characters, from a label on.
  assert.equal(resolver.asked.length, 4);
  assert.match(resolver.asked[1] ?? '', /^A [^ ]{200,253}$/);
  assert.ok(user < 100_000, `${user} µs`);
});

test('a record that is too long is an error, and one of this length takes little time', async () => {
  const term = 'exists:%{l1r-}.%{o1r-}.%{d255r-+,/_=}.x.example ';
  const long = `v=spf1 ${term.repeat(200)}`;
  assert.ok(long.length > 8192);
  assert.equal((await check({ 'sender.example': { txt: [long] } })).result, 'permerror');
  const cpu = process.cpuUsage();
  const parsed = parseRecord(`v=spf1 ${'ip4:192.0.2.1 '.repeat(580)}`);
  assert.equal(parsed.kind, 'record');
  const { user } = process.cpuUsage(cpu);
  assert.ok(user < 100_000, `${user} µs`);
});

test('property: any text parses without an exception, and in an order of its terms', () => {
  const piece = fc.constantFrom(
    'a',
    'mx',
    'ptr',
    'all',
    'ip4:',
    'ip6:',
    'include:',
    'exists:',
    'redirect=',
    'exp=',
    '192.0.2.1',
    '2001:db8::1',
    'example.com',
    '%{',
    '}',
    'd',
    'r',
    '2',
    '/',
    '//',
    '24',
    ' ',
    '-',
    '~',
    '?',
    '+',
    '%%',
    '%_',
    '.',
    ':',
    '=',
    '\t',
    'é',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = `v=spf1 ${pieces.join('')}`;
      assert.ok(isSpfRecord(text));
      const parsed = parseRecord(text);
      if (parsed.kind === 'invalid') return;
      const { directives } = parsed.record;
      assert.deepEqual(
        directives.map((directive) => directive.text),
        text.split(' ').filter((term) => directives.some((directive) => directive.text === term)),
      );
    }),
  );
});

test('property: whatever the records are, a check ends with a result and within its look-ups', async () => {
  const term = fc.constantFrom(
    'a',
    'mx',
    'ptr',
    '-all',
    'include:a.example',
    'include:b.example',
    'exists:%{p}.b.example',
    'redirect=a.example',
    'redirect=sender.example',
    'a:%{d}.%{h}',
    'ip4:192.0.2.1',
    'mx:b.example',
    'exp=%{d}',
    'x=%{q}',
    'a:gone.example',
  );
  const record = fc.array(term, { maxLength: 8 }).map((terms) => `v=spf1 ${terms.join(' ')}`);
  await fc.assert(
    fc.asyncProperty(record, record, record, async (one, two, three) => {
      const resolver = zoneResolver({
        'sender.example': { txt: [one], mx: [{ preference: 1, exchange: 'a.example' }] },
        'a.example': { txt: [two], a: ['192.0.2.9'] },
        'b.example': { txt: [three], a: ['192.0.2.1'] },
      });
      const { result } = await checkHost(mailFromQuery('x@sender.example', session), resolver);
      assert.match(result, /^(none|neutral|pass|fail|softfail|temperror|permerror)$/);
      assert.ok(resolver.asked.length <= 40, `${resolver.asked.length} questions`);
    }),
  );
});
