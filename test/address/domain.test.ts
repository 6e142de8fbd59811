// Domains, address literals and their normal form (RFC 5321 4.1.2, 4.1.3; RFC 5890).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseDomain } from '../../src/values/domain.ts';
import { addressOfLiteral, domainOf, isAddressLiteral, normalizeDomain } from '../../src/address/domain.ts';

const normalForms: readonly (readonly [domain: string, normal: string | undefined])[] = [
  ['Example.COM', 'example.com'],
  ['example.com.', 'example.com'],
  ['localhost', 'localhost'],
  ['123.example', '123.example'],
  ['1.2.3', '1.2.3'],
  ['0x7f.1', '0x7f.1'],
  ['xn--Bcher-kva.example', 'xn--bcher-kva.example'],
  ['Bücher.Example', 'xn--bcher-kva.example'],
  ['παράδειγμα.δοκιμή', 'xn--hxajbheg2az3al.xn--jxalpdlp'],
  ['[192.0.2.1]', '[192.0.2.1]'],
  ['[IPv6:2001:DB8::1]', '[ipv6:2001:db8::1]'],
  ['Web_1.my_Net', 'web_1.my_net'],
  ['_dmarc.example', '_dmarc.example'],
  ['bü_cher.example', 'xn--b_cher-3ya.example'],
  ['', undefined],
  ['a..', undefined],
  ['.', undefined],
  ['a..b', undefined],
  ['a b', undefined],
  ['-a.b', undefined],
  ['a/b', undefined],
  ['ü/b', undefined],
  ['ü\tb', undefined],
  ['[1.2.3]', undefined],
  ['[2001:db8::1]', undefined],
  [`${'a'.repeat(64)}.b`, undefined],
];

for (const [domain, normal] of normalForms) {
  test(`${JSON.stringify(domain)} -> ${String(normal)}`, () => assert.equal(normalizeDomain(domain), normal));
}

test('address literals, and the addresses in them', () => {
  assert.equal(addressOfLiteral('[192.0.2.1]'), '192.0.2.1');
  assert.equal(addressOfLiteral('[ipv6:2001:db8::1]'), '2001:db8::1');
  assert.equal(addressOfLiteral('[IPv6:::ffff:192.0.2.1]'), '::ffff:192.0.2.1');
  assert.equal(isAddressLiteral('[IPv6:1:2:3:4:5:6:7:8]'), true);
  for (const none of [
    '192.0.2.1',
    '[192.0.2.256]',
    '[192.0.2.1',
    '[]',
    '[IPv6:]',
    '[IPv6:192.0.2.1]',
    '[IPv6:1:2:3:4:5:6::8]',
  ]) {
    assert.equal(isAddressLiteral(none), false, none);
  }
});

test('the domain of an address, in normal form', () => {
  assert.equal(domainOf('a@Example.COM'), 'example.com');
  assert.equal(domainOf('"x@y"@Example.COM'), 'example.com');
  assert.equal(domainOf('a@Bücher.example'), 'xn--bcher-kva.example');
  assert.equal(domainOf('a@[IPv6:2001:DB8::1]'), '[ipv6:2001:db8::1]');
  assert.equal(domainOf(''), '');
  assert.equal(domainOf('postmaster'), '');
});

test('normalizing a normal form does not change it', () => {
  const domain = fc.string({ unit: fc.constantFrom(...'aZ09-_.üßあ１。'), maxLength: 20 });
  fc.assert(
    fc.property(domain, (given) => {
      const normal = normalizeDomain(given);
      if (normal === undefined) return;
      assert.equal(normalizeDomain(normal), normal);
      assert.match(normal, /^[a-z0-9._-]+$/);
      assert.equal(domainOf(`x@${normal}`), normal);
    }),
    { numRuns: 2000 },
  );
});

test('the configuration and addresses have one rule for domains', () => {
  const domain = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'aZ09-_.ü @/[]'), maxLength: 20 }),
    fc.integer({ min: 60, max: 66 }).map((length) => `a.${'b'.repeat(length)}.c`),
    fc.integer({ min: 250, max: 260 }).map((length) =>
      'a.'
        .repeat(length / 2)
        .concat('bc')
        .slice(-length),
    ),
  );
  fc.assert(
    fc.property(domain, (given) => {
      if (given.startsWith('[')) return;
      let configured: string | undefined;
      try {
        configured = parseDomain(given);
      } catch {
        configured = undefined;
      }
      assert.equal(configured, normalizeDomain(given));
    }),
    { numRuns: 3000 },
  );
});
