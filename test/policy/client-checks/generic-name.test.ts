// Names that providers make of addresses, and names that are a host's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isGenericName } from '../../../src/policy/client-checks/generic-name.ts';

const generic: readonly (readonly [name: string, address: string])[] = [
  ['198-51-100-7.dsl.example.net', '198.51.100.7'],
  ['7.100.51.198.example.net', '198.51.100.7'],
  ['host-198-51-100-7.example.net', '198.51.100.7'],
  ['static.198.51.100.7.clients.example.de', '198.51.100.7'],
  ['198051100007.example.net', '198.51.100.7'],
  ['p198.51.100.7.example.net', '198.51.100.7'],
  ['c6336407.example.net', '198.51.100.7'],
  ['ip-100-7.pool.example.net', '198.51.100.7'],
  ['dyn-7-100.city.example.net', '198.51.100.7'],
  ['100-007.adsl2.example.co.uk', '198.51.100.7'],
  ['p20010db8000100020003000400050006.dip.example.de', '2001:db8:1:2:3:4:5:6'],
  ['2001-0db8-0001-0002-0003-0004-0005-0006.example.net', '2001:db8:1:2:3:4:5:6'],
  ['6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.example.net', '2001:db8:1:2:3:4:5:6'],
  ['host-0003-0004-0005-0006.example.net', '2001:db8:1:2:3:4:5:6'],
];

for (const [name, address] of generic)
  test(`${name} is made of ${address}`, () => assert.ok(isGenericName(name, address)));

const own: readonly (readonly [name: string, address: string])[] = [
  ['mail.example.com', '198.51.100.7'],
  ['mx7.example.com', '198.51.100.7'],
  ['mx-100-7.example.com', '198.51.100.7'],
  ['198-51-100-8.example.net', '198.51.100.7'],
  ['relay.dyn.example.net', '198.51.100.7'],
  ['7.example', '198.51.100.7'],
  // The digits are those of the domain of the provider.
  ['mail.198-51-100-7.net', '198.51.100.7'],
  ['mail.example.com', '2001:db8::1'],
  ['0000000000000001.example.com', '2001:db8::1'],
  ['mail.example.com', ''],
  ['', '198.51.100.7'],
];

for (const [name, address] of own)
  test(`"${name}" is a name of its own for ${address}`, () => assert.ok(!isGenericName(name, address)));

test('any way in which all octets stand in a name makes it generic, and no name breaks anything', () => {
  const separator = fc.constantFrom('-', '.', '_', 'x');
  fc.assert(
    fc.property(fc.ipV4(), separator, fc.boolean(), fc.string(), (address, between, isReversed, other) => {
      const octets = address.split('.');
      const name = `a${(isReversed ? octets.toReversed() : octets).join(between)}.isp.example.net`;
      assert.ok(isGenericName(name, address), name);
      assert.equal(typeof isGenericName(other, address), 'boolean');
    }),
  );
});
