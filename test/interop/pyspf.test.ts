// SPF beside another implementation, Debian's python3-spf, over records made by chance: both say the same.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Zone } from '../../sim/dns/zone.ts';
import { checkHost, mailFromQuery } from '../../src/spf/check-host.ts';
import { zoneResolver } from '../dns/zone-resolver.ts';

/** Debian's Python: another one that comes first in the path has not its packages. */
const python = '/usr/bin/python3';

const program = `
import json, sys, spf
zone = {}
def lookup(name, qtype, strict=True, timeout=30):
    for kind, value in zone.get(name.lower(), []):
        if kind == qtype:
            yield ((name, kind), (value.encode(),) if kind == 'TXT' else tuple(value) if kind == 'MX' else value)
spf.DNSLookup = lookup
results = []
for world in json.load(sys.stdin):
    zone = world['zone']
    for q in world['queries']:
        result, _, reason = spf.query(i=q['ip'], s=q['from'], h=q['helo'], receiver='mx.example.net').check()
        results.append([result, str(reason)])
json.dump(results, sys.stdout)
`;

function withoutPyspf(): string | false {
  return (
    spawnSync(python, ['-c', 'import spf'], { stdio: 'ignore' }).status !== 0 &&
    'pyspf is not installed (Debian: python3-spf)'
  );
}

/** Where it takes another way than the standard. */
const differences = [
  // It counts names of clients and records of included domains as void look-ups, too; RFC 7208 4.6.4 speaks of terms.
  'Void lookup limit',
  // RFC 7208 6: unknown modifiers may appear any number of times.
  'unknown= MUST appear at most once',
  // RFC 7208 has no error for a record that includes itself, where a term before decides.
  'has trivial recursion',
];

const domains = ['a.test', 'b.test', 'c.test', 'sub.a.test'] as const;
const names = fc.constantFrom(
  ...domains,
  'gone.test',
  '%{d}',
  'x.%{o}',
  '%{l}.b.test',
  '%{ir}.c.test',
  '%{d2}',
  '%{h}',
  '%{s}',
  'a..test',
  'a.123',
  '%%.test',
);
const cidr = fc.constantFrom('', '', '/24', '/32', '/0', '/33', '//64', '/24//64', '//129', '/024');
const mechanism = fc.oneof(
  fc.constantFrom(
    'all',
    'ALL',
    'all:x',
    'a',
    'mx',
    'ptr',
    'ip4:192.0.2.1',
    'ip4:192.0.2.0/24',
    'ip4:192.0.2',
    'ip4:192.0.2.1/33',
    'ip6:2001:db8::/32',
    'ip6:2001:db8::1',
    'ip6:2001:db8::x',
    'foo',
    'a:',
  ),
  fc.tuple(fc.constantFrom('a', 'mx'), names, cidr).map(([kind, name, length]) => `${kind}:${name}${length}`),
  fc.tuple(fc.constantFrom('a', 'mx'), cidr).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('include', 'exists', 'ptr'), names).map((parts) => parts.join(':')),
);
const term = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('', '+', '-', '~', '?'), mechanism).map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: names.map((name) => `redirect=${name}`) },
  { weight: 1, arbitrary: fc.constantFrom('unknown=x', 'exp=a.test', 'x=%{q}', '1x=y') },
);
const record = fc
  .array(term, { maxLength: 5 })
  .map((terms) => `v=spf1${terms.map((one) => ` ${one}`).join('')}`);
const addresses = {
  '192.0.2.1': 'A',
  '198.51.100.7': 'A',
  '2001:db8::1': 'AAAA',
  '2001:db8:1::1': 'AAAA',
} as const;
type Address = keyof typeof addresses;
const owner = fc.record({
  txt: fc.array(fc.oneof({ weight: 9, arbitrary: record }, fc.constantFrom('v=spf10 all', 'other')), {
    minLength: 1,
    maxLength: 1,
  }),
  hosts: fc.uniqueArray(fc.constantFrom(...(Object.keys(addresses) as Address[])), { maxLength: 2 }),
  mx: fc.uniqueArray(fc.constantFrom(...domains), { maxLength: 2 }),
});
const worlds = fc.record({
  owners: fc.tuple(owner, owner, owner, owner),
  ptr: fc.uniqueArray(fc.constantFrom(...domains), { maxLength: 2 }),
  queries: fc.array(
    fc.record({
      ip: fc.constantFrom('192.0.2.1', '192.0.2.9', '2001:db8::1'),
      from: fc
        .tuple(fc.constantFrom('joe', 'x.y-z', 'a'), fc.constantFrom(...domains))
        .map((parts) => parts.join('@')),
      helo: fc.constantFrom('a.test', 'mx.c.test'),
    }),
    { minLength: 4, maxLength: 4 },
  ),
});

suite('pyspf', { skip: withoutPyspf() }, () => {
  test('says the same of records made by chance', async () => {
    const made = fc.sample(worlds, { numRuns: 500, seed: 7208 }).map(({ owners, ptr, queries }) => {
      const zone: Record<string, Zone[string]> = { '1.2.0.192.in-addr.arpa': { ptr } };
      for (const [at, each] of owners.entries()) zone[domains[at] ?? ''] = nameOf(each);
      return { zone, queries };
    });
    const input = JSON.stringify(made.map(({ zone, queries }) => ({ zone: asRecords(zone), queries })));
    const theirs = JSON.parse(
      execFileSync(python, ['-c', program], { input, encoding: 'utf8', maxBuffer: 2 ** 26 }),
    ) as readonly (readonly [string, string])[];
    let at = 0;
    let compared = 0;
    for (const { zone, queries } of made) {
      for (const { ip, from, helo } of queries) {
        const session = { ip, helo, receiver: 'mx.example.net', nowSeconds: 1_700_000_000 };
        const ours = await checkHost(mailFromQuery(from, session), zoneResolver(zone));
        const [result = '', reason = ''] = theirs[at++] ?? [];
        if (differences.some((difference) => reason.includes(difference))) continue;
        compared++;
        assert.equal(
          ours.result,
          result,
          JSON.stringify({ ours, reason, zone, ip, from, helo }, undefined, 1),
        );
      }
    }
    assert.equal(at, 2000);
    assert.ok(compared > 1900, `${compared} were compared`);
  });
});

function nameOf({
  txt,
  hosts,
  mx,
}: typeof owner extends fc.Arbitrary<infer Owner> ? Owner : never): Zone[string] {
  return {
    txt,
    a: hosts.filter((host) => addresses[host] === 'A'),
    aaaa: hosts.filter((host) => addresses[host] === 'AAAA'),
    mx: mx.map((exchange) => ({ preference: 10, exchange })),
  };
}

function asRecords(zone: Zone): Record<string, [string, unknown][]> {
  return Object.fromEntries(
    Object.entries(zone).map(([name, { txt = [], a = [], aaaa = [], mx = [], ptr = [] }]) => [
      name,
      [
        ...txt.map((value): [string, unknown] => ['TXT', value]),
        ...a.map((value): [string, unknown] => ['A', value]),
        ...aaaa.map((value): [string, unknown] => ['AAAA', value]),
        ...mx.map(({ preference, exchange }): [string, unknown] => ['MX', [preference, exchange]]),
        ...ptr.map((value): [string, unknown] => ['PTR', value]),
      ],
    ]),
  );
}
