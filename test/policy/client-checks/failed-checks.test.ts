// Each check of a client, by tables; and faults of the DNS, which are no fault of the client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { domainOf } from '../../../src/address/domain.ts';
import { confirmedNames } from '../../../src/dns/confirmed-names.ts';
import {
  checkByLookups,
  type CheckSurroundings,
  checkWithoutLookups,
} from '../../../src/policy/client-checks/failed-checks.ts';
import { replyOf } from '../../../src/policy/client-checks/check-replies.ts';
import { type ClientCheck, clientChecks } from '../../../src/values/client-check.ts';
import type { Zone } from '../../../sim/dns/zone.ts';
import { zoneResolver } from '../../dns/zone-resolver.ts';

const zone: Zone = {
  '9.2.0.192.in-addr.arpa': { ptr: ['mail.good.test'] },
  'mail.good.test': { a: ['192.0.2.9'] },
  'good.test': { mx: [{ preference: 10, exchange: 'mail.good.test' }] },
  'host.test': { aaaa: ['2001:db8::9'] },
  'null.test': { mx: [{ preference: 0, exchange: '.' }] },
  'odd.test': {
    mx: [
      { preference: 0, exchange: '.' },
      { preference: 10, exchange: 'mail.good.test' },
    ],
  },
  'failing.test': { behaviour: 'servfail' },
  'half.test': { a: ['192.0.2.9'], behaviour: 'servfail', behaviourTypes: ['MX'] },
  '10.2.0.192.in-addr.arpa': { ptr: ['mail.good.test'] },
  '11.2.0.192.in-addr.arpa': { behaviour: 'servfail' },
  '13.2.0.192.in-addr.arpa': { ptr: ['13-2-0-192.dsl.isp.test', '192-0-2-13.isp.test'] },
  '13-2-0-192.dsl.isp.test': { a: ['192.0.2.13'] },
  '192-0-2-13.isp.test': { a: ['192.0.2.13'] },
  '14.2.0.192.in-addr.arpa': { ptr: ['192-0-2-14.isp.test', 'mx.own.test'] },
  '192-0-2-14.isp.test': { a: ['192.0.2.14'] },
  'mx.own.test': { a: ['192.0.2.14'] },
  '15.2.0.192.in-addr.arpa': { ptr: ['192-0-2-15.trusted.test'] },
  '192-0-2-15.trusted.test': { a: ['192.0.2.15'] },
  '16.2.0.192.in-addr.arpa': { ptr: ['line.home.test'] },
  'line.home.test': { a: ['192.0.2.16'] },
};

function surroundings(): CheckSurroundings {
  const resolver = zoneResolver(zone);
  return {
    lookups: {
      names: (address) => confirmedNames(address, resolver),
      addresses: resolver.addresses,
      mx: resolver.mx,
    },
    isOurs: (name) => name === 'mx.example.org' || name === 'www.example.org',
    ownAddress: '192.0.2.25',
    isGeneric: (name) => name.endsWith('.home.test'),
    isNotGeneric: (name) => name.endsWith('.trusted.test'),
  };
}

const all = (): boolean => true;

async function failed(helo: string, address: string, sender: string): Promise<readonly ClientCheck[][]> {
  const shown = { helo, address, senderDomain: domainOf(sender) };
  const found = await checkByLookups(shown, surroundings(), all);
  return [[...checkWithoutLookups(shown, surroundings()), ...found.failed], [...found.unknown]];
}

const good = ['mail.good.test', '192.0.2.9', 'a@good.test'] as const;

const cases: readonly (readonly [
  what: string,
  helo: string,
  address: string,
  sender: string,
  failed: readonly ClientCheck[],
  unknown?: readonly ClientCheck[],
])[] = [
  ['a client that is all right', ...good, []],
  ['a client with its address literal', '[192.0.2.9]', '192.0.2.9', 'a@good.test', []],
  ['an IPv6 client with its address literal', '[IPv6:2001:db8:0::9]', '2001:db8::9', '', ['name_missing']],
  ['the null sender', 'mail.good.test', '192.0.2.9', '', []],
  ['HELO with a blank', 'my host', good[1], good[2], ['helo_syntax']],
  ['HELO with a bare address in brackets that is none', '[1.2.3]', good[1], good[2], ['helo_syntax']],
  ['HELO that is empty', '', good[1], good[2], ['helo_syntax']],
  [
    'HELO without a dot',
    'desktop',
    good[1],
    good[2],
    ['helo_not_qualified', 'helo_unknown', 'helo_unconfirmed'],
  ],
  ['the literal of another client', '[192.0.2.77]', good[1], good[2], ['helo_literal']],
  ['our own literal', '[192.0.2.25]', good[1], good[2], ['helo_literal', 'helo_is_ours']],
  ...['192.0.2.25', '192.0.2.25.'].map(
    (helo) =>
      [
        `our own address without brackets, ${helo}`,
        helo,
        good[1],
        good[2],
        ['helo_syntax', 'helo_is_ours', 'helo_unknown', 'helo_unconfirmed'],
      ] as const,
  ),
  [
    'the address of another host without brackets',
    '192.0.2.77',
    good[1],
    good[2],
    ['helo_syntax', 'helo_unknown', 'helo_unconfirmed'],
  ],
  ['an IPv6 address without brackets', '2001:db8::77', good[1], good[2], ['helo_syntax']],
  ['our own name', 'MX.example.ORG', good[1], good[2], ['helo_is_ours', 'helo_unknown', 'helo_unconfirmed']],
  ['HELO of nobody', 'gone.test', good[1], good[2], ['helo_unknown', 'helo_unconfirmed']],
  ['HELO that has an MX alone', 'good.test', good[1], good[2], ['helo_unconfirmed']],
  ['HELO of another address', 'host.test', good[1], good[2], ['helo_unconfirmed']],
  [
    'HELO that cannot be looked up',
    'failing.test',
    good[1],
    good[2],
    [],
    ['helo_unknown', 'helo_unconfirmed'],
  ],
  ['HELO that is confirmed while another record cannot be looked up', 'half.test', good[1], good[2], []],
  ['no name', 'mail.good.test', '192.0.2.99', good[2], ['helo_unconfirmed', 'name_missing']],
  ['a name that does not lead back', '[192.0.2.10]', '192.0.2.10', good[2], ['name_unconfirmed']],
  [
    'a name that cannot be looked up',
    '[192.0.2.11]',
    '192.0.2.11',
    good[2],
    [],
    ['name_missing', 'name_unconfirmed', 'name_generic'],
  ],
  ['generic names', '[192.0.2.13]', '192.0.2.13', good[2], ['name_generic']],
  ['a generic name beside one of its own', '[192.0.2.14]', '192.0.2.14', good[2], []],
  ['a generic name that is excepted', '[192.0.2.15]', '192.0.2.15', good[2], []],
  ['a name that is generic by a pattern', '[192.0.2.16]', '192.0.2.16', good[2], ['name_generic']],
  ['a sender without a dot', good[0], good[1], 'root@localhost', ['sender_not_qualified', 'sender_unknown']],
  ['a sender of nobody', good[0], good[1], 'a@gone.test', ['sender_unknown']],
  ['a sender with an address alone', good[0], good[1], 'a@host.test', []],
  ['a sender with a null MX', good[0], good[1], 'a@null.test', ['sender_null_mx']],
  ['a sender with a null MX among others', good[0], good[1], 'a@odd.test', []],
  [
    'a sender that cannot be looked up',
    good[0],
    good[1],
    'a@failing.test',
    [],
    ['sender_unknown', 'sender_null_mx'],
  ],
  ['a sender whose MX cannot be looked up, with an address', good[0], good[1], 'a@half.test', []],
  ['a sender at an address literal', good[0], good[1], 'a@[192.0.2.1]', []],
  ['a client that a front end does not know', 'mail.good.test', '', good[2], []],
];

for (const [what, helo, address, sender, wrong, unsure = []] of cases) {
  test(`checks of a client: ${what}`, async () => {
    const [found, unknown] = await failed(helo, address, sender);
    assert.deepEqual(found, wrong);
    assert.deepEqual(unknown, unsure);
  });
}

test('our own IPv6 address is ours in brackets and without them, however it is written', () => {
  const here = { isOurs: () => false, ownAddress: '2001:db8::25' };
  for (const helo of ['2001:db8::25', '2001:DB8:0::25', 'IPv6:2001:db8::25', '[IPv6:2001:db8::0:25]']) {
    const shown = { helo, address: '2001:db8::9', senderDomain: '' };
    assert.ok(checkWithoutLookups(shown, here).includes('helo_is_ours'), helo);
  }
  const itself = { helo: '2001:db8::25', address: '2001:db8::25', senderDomain: '' };
  assert.deepEqual(checkWithoutLookups(itself, here), ['helo_syntax']);
});

test('nothing is looked up for checks that are off', async () => {
  const asked: string[] = [];
  const counted = <T>(name: string) => {
    asked.push(name);
    return Promise.resolve({ kind: 'failed', reason: 'x' } as T);
  };
  const base = surroundings();
  const lookups = {
    names: counted,
    addresses: counted,
    mx: counted,
  } as unknown as CheckSurroundings['lookups'];
  const shown = { helo: 'a.test', address: '192.0.2.9', senderDomain: 'b.test' };
  await checkByLookups(shown, { ...base, lookups }, () => false);
  assert.deepEqual(asked, []);
  await checkByLookups(shown, { ...base, lookups }, (check) => check === 'name_generic');
  assert.deepEqual(asked, ['192.0.2.9']);
});

test('whatever a client says, checks end and replies are printable ASCII of a bounded length', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ maxLength: 300, unit: 'binary' }),
      fc.string({ maxLength: 300 }),
      async (helo, domain) => {
        const shown = { helo, address: '192.0.2.9', senderDomain: domainOf(`a@${domain}`) };
        const found = await checkByLookups(shown, surroundings(), all);
        for (const check of [...checkWithoutLookups(shown, surroundings()), ...found.failed]) {
          for (const action of ['reject', 'tempfail'] as const) {
            const { text } = replyOf(action, check, shown);
            assert.match(String(text), /^[\x20-\x7e]{1,300}$/u);
          }
        }
      },
    ),
  );
});

test('each check has a reply with the class of its action', () => {
  for (const check of clientChecks) {
    const shown = { helo: 'x', address: '192.0.2.9', senderDomain: 'y.test' };
    const rejected = replyOf('reject', check, shown);
    const deferred = replyOf('tempfail', check, shown);
    assert.equal(rejected.code, 550);
    assert.match(rejected.enhanced ?? '', /^5\.\d+\.\d+$/u);
    assert.equal(deferred.code, 450);
    assert.match(deferred.enhanced ?? '', /^4\.\d+\.\d+$/u);
  }
});
