// Which rules hold for a message or a place, dimension by dimension.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLimitIndex } from '../../../src/schedule/limits/rule-index.ts';
import { unlimited, type LimitRule, type PlaceFacts } from '../../../src/schedule/limits/types.ts';
import { domains, networks, place, rule, shown, task } from './rules.ts';

const everyDomain = rule('all', ['domain']);

/** Title, limits, domain (and tenant), limits that hold. */
const taskTable: readonly [string, readonly LimitRule[], string, readonly string[]][] = [
  ['a default counts per domain', [everyDomain], 'a.example', ['all a.example']],
  [
    'two defaults hold together',
    [everyDomain, rule('2', ['domain'])],
    'a.example',
    ['2 a.example', 'all a.example'],
  ],
  [
    'an exact name replaces the default',
    [everyDomain, rule('aol', ['domain'], { domain: domains('aol.com') })],
    'aol.com',
    ['aol aol.com'],
  ],
  [
    'an exact name leaves the default to other domains',
    [everyDomain, rule('aol', ['domain'], { domain: domains('aol.com') })],
    'x.aol.com',
    ['all x.aol.com'],
  ],
  [
    'a group of domains counts as a match for each member',
    [everyDomain, rule('yahoo', [], { domain: domains('yahoo.com', '*.yahoo.net') })],
    'a.yahoo.net',
    ['yahoo'],
  ],
  [
    '*.suffix does not match the suffix itself',
    [everyDomain, rule('yahoo', [], { domain: domains('*.yahoo.net') })],
    'yahoo.net',
    ['all yahoo.net'],
  ],
  [
    '*.suffix does not match a name that only ends with the same letters',
    [everyDomain, rule('yahoo', [], { domain: domains('*.yahoo.net') })],
    'a.myyahoo.net',
    ['all a.myyahoo.net'],
  ],
  [
    'a longer suffix replaces a shorter one',
    [rule('net', [], { domain: domains('*.net') }), rule('a', [], { domain: domains('*.a.net') })],
    'x.a.net',
    ['a'],
  ],
  [
    'an exact name replaces the longest suffix',
    [rule('a', [], { domain: domains('*.a.net') }), rule('x', [], { domain: domains('x.a.net') })],
    'x.a.net',
    ['x'],
  ],
  [
    'the most specific item of a list counts',
    [
      rule('both', [], { domain: domains('x.a.net', '*.net') }),
      rule('a', [], { domain: domains('*.a.net') }),
    ],
    'x.a.net',
    ['both'],
  ],
  [
    'a list whose matching item is less specific than that of another limit is replaced',
    [
      rule('both', [], { domain: domains('*.net', 'x.a.net') }),
      rule('a', [], { domain: domains('*.a.net') }),
    ],
    'y.a.net',
    ['a'],
  ],
  [
    'limits of equal specificity hold together',
    [
      rule('1', ['domain'], { domain: domains('a.example') }),
      rule('2', [], { domain: domains('a.example') }),
    ],
    'a.example',
    ['1 a.example', '2'],
  ],
  [
    'a limit for a tenant and a domain replaces one for the domain',
    [
      rule('domain', ['domain'], { domain: domains('a.example') }),
      rule('tenant', ['domain'], { domain: domains('a.example'), tenant: ['shop'] }),
    ],
    'a.example shop',
    ['tenant a.example'],
  ],
  [
    'a limit that is more specific in one kind and less in another holds together with the other',
    [
      rule('exact', ['domain'], { domain: domains('a.example') }),
      rule('tenant', ['domain'], { domain: domains('*.example'), tenant: ['shop'] }),
    ],
    'a.example shop',
    ['exact a.example', 'tenant a.example'],
  ],
  [
    'a limit holds only when all its matches fit',
    [everyDomain, rule('tenant', ['domain'], { domain: domains('a.example'), tenant: ['shop'] })],
    'a.example other',
    ['all a.example'],
  ],
  [
    'an empty name matches mail without a tenant',
    [rule('nobody', ['tenant'], { tenant: [''] }), rule('all', ['tenant'])],
    'a.example',
    ['nobody'],
  ],
  [
    'a limit of another dimension holds as well',
    [everyDomain, rule('shop', ['tenant'], { tenant: ['shop'] }), rule('pair', ['domain', 'tenant'])],
    'a.example shop',
    ['all a.example', 'pair a.example shop', 'shop shop'],
  ],
  [
    'an address literal is a domain',
    [everyDomain, rule('literal', ['domain'], { domain: domains('[192.0.2.1]') })],
    '[192.0.2.1]',
    ['literal [192.0.2.1]'],
  ],
  [
    'an address literal matches no suffix',
    [rule('suffix', [], { domain: [{ kind: 'suffix', domain: '2.1]' }] })],
    '[192.0.2.1]',
    [],
  ],
  [
    'an empty list matches nothing',
    [rule('none', [], { domain: [] }), everyDomain],
    'a.example',
    ['all a.example'],
  ],
  [
    'a group without any match holds for everything',
    [rule('world', []), everyDomain],
    'a.example',
    ['all a.example', 'world'],
  ],
  [
    'an override replaces what is more specific than itself',
    [
      rule('aol', ['domain'], { domain: domains('aol.com') }),
      rule('stop', ['domain'], {}, { connections: 0, isOverride: true }),
    ],
    'aol.com',
    ['stop aol.com'],
  ],
  [
    'an override that does not match replaces nothing',
    [
      everyDomain,
      rule('stop', ['domain'], { domain: domains('aol.com') }, { connections: 0, isOverride: true }),
    ],
    'a.example',
    ['all a.example'],
  ],
  [
    'an override leaves other dimensions alone',
    [everyDomain, rule('stop', ['tenant'], { tenant: [''] }, { connections: 0, isOverride: true })],
    'a.example',
    ['all a.example', 'stop'],
  ],
  [
    'overrides compete among themselves',
    [
      rule('stop', ['domain'], { domain: domains('*.com') }, { connections: 0, isOverride: true }),
      rule('slow', ['domain'], { domain: domains('aol.com') }, { connections: 1, isOverride: true }),
      everyDomain,
    ],
    'aol.com',
    ['slow aol.com'],
  ],
];

for (const [name, rules, asked, expected] of taskTable) {
  test(name, () => {
    const index = createLimitIndex(rules);
    const [domain = '', tenant = ''] = asked.split(' ');
    assert.deepEqual(shown(index.ofTask(task(domain, tenant)).connections), expected);
    assert.deepEqual(index.ofPlace(place()).connections, []);
    assert.equal(index.hasPairLimits, false);
  });
}

const placeTable: readonly [string, readonly LimitRule[], Partial<PlaceFacts>, readonly string[]][] = [
  ['per ip', [rule('ip', ['ip'])], { ip: '2001:db8::1' }, ['ip 2001:db8::1']],
  ['per site', [rule('site', ['site'])], { site: 'mx:a,b' }, ['site mx:a,b']],
  [
    'a site by name',
    [rule('site', ['site']), rule('x', ['site'], { site: ['mx:x'] })],
    { site: 'mx:x' },
    ['x mx:x'],
  ],
  ['per network of IPv4', [rule('net', ['network'])], { ip: '192.0.2.255' }, ['net 192.0.2.0/24']],
  ['per network of IPv6', [rule('net', ['network'])], { ip: '2001:db8:1:2:3::4' }, ['net 2001:db8:1:2::/64']],
  [
    'zeros before the /64 are shortened',
    [rule('net', ['network'])],
    { ip: '2001:db8::4' },
    ['net 2001:db8::/64'],
  ],
  ['IPv4 in IPv6 is IPv4', [rule('net', ['network'])], { ip: '::ffff:192.0.2.7' }, ['net 192.0.2.0/24']],
  ['the source that the system chooses', [rule('from', ['source'])], {}, ['from any']],
  [
    'two keys in their order',
    [rule('two', ['mx', 'source'])],
    { source: '198.51.100.1' },
    ['two mx.example.net 198.51.100.1'],
  ],
  [
    'a group by ip is in the dimension of ip',
    [rule('each', ['ip']), rule('big', [], { ip: networks('192.0.0.0/16') })],
    { ip: '192.0.2.1' },
    ['big'],
  ],
  [
    'a longer prefix replaces a shorter one',
    [
      rule('big', [], { ip: networks('0.0.0.0/0') }),
      rule('small', [], { ip: networks('10.0.0.0/8', '192.0.2.0/31') }),
    ],
    { ip: '192.0.2.1' },
    ['small'],
  ],
  [
    'one address is the longest prefix',
    [rule('net', [], { ip: networks('2001:db8::/127') }), rule('one', [], { ip: networks('2001:db8::1') })],
    { ip: '2001:db8::1' },
    ['one'],
  ],
  ['::/0 is not IPv4', [rule('six', [], { ip: networks('::/0') })], { ip: '192.0.2.1' }, []],
  ['0.0.0.0/0 is not IPv6', [rule('four', [], { ip: networks('0.0.0.0/0') })], { ip: '2001:db8::1' }, []],
  [
    'a mapped network is IPv4',
    [rule('mapped', [], { ip: networks('::ffff:192.0.2.0/120') })],
    { ip: '192.0.2.200' },
    ['mapped'],
  ],
  ['no source matches no network', [rule('from', [], { source: networks('0.0.0.0/0', '::/0') })], {}, []],
  [
    'a source by network',
    [rule('from', [], { source: networks('10.0.0.0/8') })],
    { source: '10.1.2.3' },
    ['from'],
  ],
  [
    'MX hosts by suffix',
    [rule('mx', ['mx']), rule('o365', ['mx'], { mx: domains('*.mail.protection.outlook.com') })],
    { mx: 'a-com.mail.protection.outlook.com' },
    ['o365 a-com.mail.protection.outlook.com'],
  ],
  [
    'another dimension holds as well: site, ip, network',
    [rule('site', ['site']), rule('ip', ['ip']), rule('net', ['network'])],
    { site: 's' },
    ['ip 192.0.2.1', 'net 192.0.2.0/24', 'site s'],
  ],
];

for (const [name, rules, asked, expected] of placeTable) {
  test(`place: ${name}`, () => {
    const index = createLimitIndex(rules);
    assert.deepEqual(shown(index.ofPlace(place(asked)).connections), expected);
    assert.deepEqual(index.ofTask(task('a.example')).connections, []);
    assert.equal(index.hasPairLimits, false);
  });
}

test('limits of a dimension that depends on message and place are found for the pair, and only there', () => {
  const index = createLimitIndex([
    everyDomain,
    rule('via', ['domain'], { mx: domains('*.example.net') }),
    rule('pair', ['ip', 'tenant']),
    rule('host', ['mx']),
  ]);
  const [mail, to] = [task('a.example', 'shop'), place()];
  assert.equal(index.hasPairLimits, true);
  assert.deepEqual(shown(index.ofTask(mail).connections), []);
  assert.deepEqual(shown(index.ofPlace(to).connections), ['host mx.example.net']);
  assert.deepEqual(shown(index.ofPair(mail, to).connections), ['pair 192.0.2.1 shop', 'via a.example']);
  assert.deepEqual(shown(index.ofPair(mail, place({ mx: 'other.example' })).connections), [
    'all a.example',
    'pair 192.0.2.1 shop',
  ]);
});

test('each quantity of a limit is replaced on its own', () => {
  const rate = { count: 60, perMs: 60_000 };
  const index = createLimitIndex([
    rule(
      'all',
      ['domain'],
      {},
      { connections: 20, connectionRate: rate, messageRate: rate, recipientRate: rate },
    ),
    rule('aol', ['domain'], { domain: domains('aol.com') }, { connections: 2, recipientRate: rate }),
    rule('hold', [], { domain: domains('aol.com') }, { messageRate: rate, isOverride: true }),
  ]);
  const limits = index.ofTask(task('aol.com'));
  assert.deepEqual(shown(limits.connections), ['aol aol.com']);
  assert.deepEqual(shown(limits.connectionRate), ['all aol.com']);
  assert.deepEqual(shown(limits.messageRate), ['hold']);
  assert.deepEqual(shown(limits.recipientRate), ['aol aol.com']);
});

test('of several recipients_per_message or messages_per_connection the smallest holds', () => {
  const index = createLimitIndex([
    rule('all', ['domain'], {}, { messagesPerConnection: 1, recipientsPerMessage: 50 }),
    rule('aol', ['domain'], { domain: domains('aol.com') }, { messagesPerConnection: 20 }),
    rule('shop', ['tenant'], { tenant: ['shop'] }, { messagesPerConnection: 30, recipientsPerMessage: 40 }),
  ]);
  const aol = index.ofTask(task('aol.com', 'shop'));
  assert.deepEqual([aol.messagesPerConnection, aol.recipientsPerMessage], [20, 40]);
  const other = index.ofTask(task('a.example'));
  assert.deepEqual([other.messagesPerConnection, other.recipientsPerMessage], [1, 50]);
  const none = index.ofPlace(place());
  assert.deepEqual([none.messagesPerConnection, none.recipientsPerMessage], [unlimited, unlimited]);
});

test('a look-up does not change the results of the next one', () => {
  const index = createLimitIndex([
    everyDomain,
    rule('aol', ['domain'], { domain: domains('aol.com') }),
    rule('pair', ['domain'], { domain: domains('*.example'), tenant: ['shop'] }),
  ]);
  const first = index.ofTask(task('aol.com'));
  for (const [domain, tenant, expected] of [
    ['a.example', '', 'all a.example'],
    ['a.example', 'shop', 'pair a.example'],
    ['aol.com', 'shop', 'aol aol.com'],
    ['b.test', 'shop', 'all b.test'],
  ] as const) {
    assert.deepEqual(shown(index.ofTask(task(domain, tenant)).connections), [expected]);
  }
  assert.deepEqual(shown(first.connections), ['aol aol.com']);
});
