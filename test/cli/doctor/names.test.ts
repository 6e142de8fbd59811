// The names of the addresses that mail leaves from, as `sluice doctor` judges them, and as it finds them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesFindings, type SourceFacts } from '../../../src/cli/doctor/names.ts';
import { isPrivate } from '../../../src/cli/doctor/sources.ts';
import { startDnsServer, type Zone } from '../../../sim/dns/dns-server.ts';
import { codes, examined, ground } from './ground.ts';

const good: SourceFacts = {
  address: '192.0.2.25',
  isConfigured: true,
  isPrivate: false,
  heloName: 'mail.example.com',
  helo: { kind: 'found', addresses: ['192.0.2.25'] },
  names: { kind: 'names', names: ['mail.example.com'] },
};

const cases: readonly (readonly [name: string, change: Partial<SourceFacts>, codes: readonly string[]])[] = [
  ['a name that leads there and back', {}, []],
  ['no reverse name', { names: { kind: 'none' } }, ['names-reverse-missing']],
  ['a reverse name that leads elsewhere', { names: { kind: 'unconfirmed' } }, ['names-reverse-unconfirmed']],
  ['a reverse name with the address', generic('host-25-2-0-192.isp.example'), ['names-reverse-generic']],
  ['a reverse name of a dial-up line', generic('p5.dynamic.isp.example'), ['names-reverse-generic']],
  ['a number that is no address', generic('mx25.example.com'), []],
  ['a word inside another', generic('dynamics.example.com'), []],
  [
    'a reverse name that cannot be looked up',
    { names: { kind: 'failed', reason: 'SERVFAIL' } },
    ['not-seen'],
  ],
  ['a HELO name without an address', { helo: { kind: 'missing' } }, ['names-helo-missing']],
  [
    'a HELO name of another host',
    { helo: { kind: 'found', addresses: ['192.0.2.99'] } },
    ['names-helo-other'],
  ],
  ['a HELO name of the other IP version', { helo: { kind: 'found', addresses: [] } }, ['names-helo-other']],
  ['a HELO name that cannot be looked up', { helo: { kind: 'failed', reason: 'SERVFAIL' } }, ['not-seen']],
  [
    'a private address, whose HELO name has the public one',
    { isPrivate: true, names: undefined, helo: { kind: 'found', addresses: ['192.0.2.99'] } },
    ['names-private'],
  ],
  [
    'a private IPv6 address, which nobody translates',
    { address: 'fd00::2', isPrivate: true, names: undefined, helo: { kind: 'found', addresses: [] } },
    ['names-private-ipv6'],
  ],
];

function generic(name: string): Partial<SourceFacts> {
  return { names: { kind: 'names', names: [name] } };
}

for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.deepEqual(
      namesFindings([{ ...good, ...change }]).map(({ code }) => code),
      expected,
    );
  });
}

test('a host without a way to the Internet is told', () => {
  assert.deepEqual(
    namesFindings([]).map(({ code }) => code),
    ['names-no-route'],
  );
  assert.deepEqual(namesFindings(undefined), []);
});

test('a HELO name without an address is told once for all sources', () => {
  const helo = { kind: 'missing' } as const;
  const found = namesFindings([
    { ...good, helo },
    { ...good, address: '192.0.2.26', helo },
  ]);
  assert.deepEqual(
    found.map(({ code }) => code),
    ['names-helo-missing'],
  );
});

test('addresses that other networks do not see are private', () => {
  for (const address of [
    '10.1.2.3',
    '192.168.0.1',
    '172.16.0.1',
    '100.64.0.1',
    '127.0.0.1',
    'fd00::1',
    'fe80::1%eth0',
  ])
    assert.equal(isPrivate(address), true, address);
  for (const address of ['192.0.2.1', '8.8.8.8', '2001:db8::1', '172.32.0.1'])
    assert.equal(isPrivate(address), false, address);
});

const zone: Zone = {
  arpa: {},
  'mail.example.com': { a: ['192.0.2.25'] },
  '25.2.0.192.in-addr.arpa': { ptr: ['mail.example.com'] },
  '26.2.0.192.in-addr.arpa': { ptr: ['mail.example.com'] },
};

test('each [[source]] is looked up, with its HELO name', async (t) => {
  const server = await startDnsServer({ zone });
  t.after(() => server.close());
  const source = (address: string, more = ''): string => `[[source]]\naddress = "${address}"\n${more}`;
  const { config } = ground(
    t,
    [
      `[dns]\nservers = ["127.0.0.1:${server.port}"]\n[deliver]\nipv6 = false\n`,
      source('192.0.2.25'),
      source('192.0.2.26'),
      source('192.0.2.27', 'helo_name = "none.example.com"\n'),
      source('10.0.0.1'),
    ].join(''),
  );
  const answer = await examined(config, ['names']);
  assert.deepEqual(
    answer.findings.map(({ code, what }) => `${code} ${/[\d.]{8,}/u.exec(what)?.[0] ?? ''}`),
    [
      'names-reverse-unconfirmed 192.0.2.26',
      'names-reverse-missing 192.0.2.27',
      'names-helo-missing ',
      'names-helo-other 192.0.2.26',
      'names-private 10.0.0.1',
    ],
  );
});

test('nothing is asked where all mail goes through a smarthost', async (t) => {
  const server = await startDnsServer({ zone });
  t.after(() => server.close());
  const { config } = ground(
    t,
    `[dns]\nservers = ["127.0.0.1:${server.port}"]\n[[source]]\naddress = "192.0.2.27"\n[[route]]\nrelay = ["192.0.2.1"]\n`,
  );
  const answer = await examined(config, ['names']);
  assert.deepEqual([answer.code, codes(answer), server.queries.size], [0, [], 0]);
});
