// Which rule of the table a recipient matches, and which tables are refused.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RouteMatch, RouteRule } from '../../src/route/create-router.ts';
import { canonicalDomain, spelledDomain } from '../../src/route/recipient-domain.ts';
import { RouteTableError } from '../../src/route/route-error.ts';
import { fakeRouter } from './fake-resolver.ts';

const relay = { kind: 'smarthost', hosts: [{ host: 'relay.example', port: 25 }], mode: 'failover' } as const;

function rule(name: string, match: RouteMatch): RouteRule {
  return { name, match, target: relay };
}

const rules: RouteRule[] = [
  rule('default', { kind: 'default' }),
  rule('sender-suffix', { kind: 'sender', sender: '*.Corp.example' }),
  rule('sender-domain', { kind: 'sender', sender: 'Corp.example' }),
  rule('sender-address', { kind: 'sender', sender: 'Boss@corp.example' }),
  rule('sender-null', { kind: 'sender', sender: '<>' }),
  rule('sender-idn', { kind: 'sender', sender: 'post@bücher.example' }),
  rule('suffix-short', { kind: 'suffix', suffix: '*.example.com' }),
  rule('suffix-long', { kind: 'suffix', suffix: '*.Deep.example.com' }),
  rule('exact', { kind: 'domain', domain: 'www.deep.example.com' }),
  rule('exact-idn', { kind: 'domain', domain: 'Köln.example' }),
  rule('exact-literal', { kind: 'domain', domain: '[IPv6:2001:DB8:0::1]' }),
  { name: 'mx', match: { kind: 'domain', domain: 'direct.example' }, target: { kind: 'mx' } },
  {
    name: 'no: way',
    match: { kind: 'domain', domain: 'closed.example' },
    target: { kind: 'error', replyCode: 550, enhancedStatus: '5.7.1', text: 'No' },
  },
];

const table: [sender: string, recipient: string, key: string][] = [
  ['a@x.example', 'u@www.deep.example.com', 'relay#exact~lt6SphoX1pKO:www.deep.example.com'],
  ['a@x.example', 'u@WWW.Deep.Example.COM', 'relay#exact~lt6SphoX1pKO:www.deep.example.com'],
  ['a@x.example', 'u@ftp.deep.example.com', 'relay#suffix-long~lt6SphoX1pKO:ftp.deep.example.com'],
  ['a@x.example', 'u@a.b.deep.example.com', 'relay#suffix-long~lt6SphoX1pKO:a.b.deep.example.com'],
  // A suffix does not match the name itself, so the next shorter suffix matches.
  ['a@x.example', 'u@deep.example.com', 'relay#suffix-short~lt6SphoX1pKO:deep.example.com'],
  ['a@x.example', 'u@example.com', 'relay#default~lt6SphoX1pKO:example.com'],
  // Nor does it match in the middle of a label.
  ['a@x.example', 'u@notexample.com', 'relay#default~lt6SphoX1pKO:notexample.com'],
  // The recipient's domain comes before the sender.
  ['boss@corp.example', 'u@www.deep.example.com', 'relay#exact~lt6SphoX1pKO:www.deep.example.com'],
  ['boss@corp.example', 'u@ftp.deep.example.com', 'relay#suffix-long~lt6SphoX1pKO:ftp.deep.example.com'],
  ['boss@corp.example', 'u@other.example', 'relay#sender-address~lt6SphoX1pKO:other.example'],
  ['BOSS@CORP.EXAMPLE', 'u@other.example', 'relay#sender-address~lt6SphoX1pKO:other.example'],
  ['clerk@corp.example', 'u@other.example', 'relay#sender-domain~lt6SphoX1pKO:other.example'],
  ['clerk@hq.corp.example', 'u@other.example', 'relay#sender-suffix~lt6SphoX1pKO:other.example'],
  ['', 'u@other.example', 'relay#sender-null~lt6SphoX1pKO:other.example'],
  ['Post@xn--bcher-kva.example', 'u@other.example', 'relay#sender-idn~lt6SphoX1pKO:other.example'],
  ['a@x.example', 'u@other.example', 'relay#default~lt6SphoX1pKO:other.example'],
  ['a@x.example', 'u@KÖLN.example', 'relay#exact-idn~lt6SphoX1pKO:xn--kln-sna.example'],
  ['a@x.example', 'u@xn--kln-sna.example', 'relay#exact-idn~lt6SphoX1pKO:xn--kln-sna.example'],
  ['a@x.example', 'u@[ipv6:2001:db8::1]', 'relay#exact-literal~lt6SphoX1pKO:[IPv6:2001:db8::1]'],
  ['a@x.example', 'u@[192.0.2.1]', 'relay#default~lt6SphoX1pKO:[192.0.2.1]'],
  ['a@x.example', '"u@v"@other.example', 'relay#default~lt6SphoX1pKO:other.example'],
  ['boss@corp.example', 'u@direct.example', 'mx:direct.example'],
  ['boss@corp.example', 'u@closed.example', 'error#no%3A%20way~HpIQoLqurUBb:closed.example'],
  ['a@x.example', 'postmaster', 'relay#default~lt6SphoX1pKO:'],
];

for (const [sender, recipient, key] of table) {
  test(`<${sender}> to <${recipient}> takes ${key}`, () => {
    const { router } = fakeRouter({}, { rules });
    // Twice, since the second answer comes from the cache.
    for (let i = 0; i < 2; i++) {
      const route = router.routeOf(sender, recipient);
      assert.deepEqual(router.routeOfCanonical(sender, canonicalDomain(spelledDomain(recipient))), route);
      assert.equal(route.key, key);
      assert.equal(route.domain, key.slice(key.indexOf(':') + 1));
    }
  });
}

test('without a table every domain is looked up by MX', () => {
  const { router } = fakeRouter({});
  assert.deepEqual(router.routeOf('a@b.example', 'u@Example.COM'), {
    key: 'mx:example.com',
    domain: 'example.com',
  });
});

test('more senders and domains than the cache holds still find their routes', () => {
  const { router } = fakeRouter({}, { rules: [rule('bulk', { kind: 'sender', sender: 's7.example' })] });
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 60_000; i++) {
      const want = i % 8 === 7 ? `relay#bulk~lt6SphoX1pKO:d${i}.example` : `mx:d${i}.example`;
      assert.equal(router.routeOf(`u${i}@s${i % 8}.example`, `u@d${i}.example`).key, want);
    }
  }
});

const refused: [what: string, rules: RouteRule[], message: RegExp][] = [
  [
    'two rules for one domain',
    [rule('a', { kind: 'domain', domain: 'x.example' }), rule('b', { kind: 'domain', domain: 'X.example' })],
    /rule "b" matches the same as the rule "a"/,
  ],
  [
    'two rules for one suffix',
    [
      rule('a', { kind: 'suffix', suffix: '*.x.example' }),
      rule('b', { kind: 'suffix', suffix: '*.x.example' }),
    ],
    /rule "b" matches the same as the rule "a"/,
  ],
  [
    'two rules for one sender',
    [
      rule('a', { kind: 'sender', sender: 'u@x.example' }),
      rule('b', { kind: 'sender', sender: 'U@x.example' }),
    ],
    /rule "b" matches the same as the rule "a"/,
  ],
  [
    'two defaults',
    [rule('a', { kind: 'default' }), rule('b', { kind: 'default' })],
    /the same as the rule "a"/,
  ],
  [
    'one name for two targets',
    [
      rule('a', { kind: 'domain', domain: 'x.example' }),
      { name: 'a', match: { kind: 'default' }, target: { ...relay, mode: 'balance' } },
    ],
    /rule "a" has the name of another rule but not its target/,
  ],
  ['no domain', [rule('a', { kind: 'domain', domain: 'x y' })], /"x y", which is no domain/],
  ['no suffix', [rule('a', { kind: 'suffix', suffix: 'x.example' })], /"x.example", which is no suffix/],
  ['no sender', [rule('a', { kind: 'sender', sender: '@x.example' })], /the sender "@x.example"/],
  ['an empty sender', [rule('a', { kind: 'sender', sender: '' })], /the sender ""/],
  ['no sender suffix', [rule('a', { kind: 'sender', sender: '*.' })], /the sender "\*\."/],
  [
    'no smarthosts',
    [{ ...rule('a', { kind: 'default' }), target: { ...relay, hosts: [] } }],
    /has no smarthost/,
  ],
  [
    'a malformed smarthost',
    [{ ...rule('a', { kind: 'default' }), target: { ...relay, hosts: [{ host: 'a b', port: 25 }] } }],
    /names "a b"/,
  ],
];

for (const [what, rules, message] of refused) {
  test(`a table with ${what} is refused`, () => {
    assert.throws(
      () => fakeRouter({}, { rules }),
      (error) =>
        error instanceof RouteTableError &&
        error.code === 'ROUTE_TABLE_INVALID' &&
        error.advice !== '' &&
        message.test(error.message),
    );
  });
}

test('several rules may share a name and a target', () => {
  const shared = [
    rule('partners', { kind: 'domain', domain: 'a.example' }),
    rule('partners', { kind: 'suffix', suffix: '*.b.example' }),
  ];
  const { router } = fakeRouter({}, { rules: shared });
  assert.equal(router.routeOf('', 'u@a.example').key, 'relay#partners~lt6SphoX1pKO:a.example');
  assert.equal(router.routeOf('', 'u@c.b.example').key, 'relay#partners~lt6SphoX1pKO:c.b.example');
});

test('rules without a name of their own may stand at a place that is the name of another', () => {
  const { router } = fakeRouter(
    {},
    {
      rules: [
        rule('route 2', { kind: 'domain', domain: 'a.example' }),
        {
          name: 'route 2',
          isUnnamed: true,
          match: { kind: 'domain', domain: 'b.example' },
          target: { ...relay, mode: 'balance' },
        },
      ],
    },
  );
  const [named, unnamed] = ['u@a.example', 'u@b.example'].map((to) => router.routeOf('', to).key);
  assert.match(named ?? '', /^relay#route%202~/);
  assert.match(unnamed ?? '', /^relay#~/);
});
