// What is an IP address: the same as for node:net.

import assert from 'node:assert/strict';
import * as net from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { isIP, isIPv6 } from '../../src/values/ip-version.ts';

const pieces = [
  '1',
  '255',
  '256',
  '.',
  ':',
  '::',
  'ffff',
  'g',
  '%',
  'eth0',
  ' ',
  '[',
  '192.0.2.1',
  'example',
];
const texts = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.string(),
  fc
    .tuple(fc.ipV6(), fc.nat(40), fc.constantFrom(...pieces))
    .map(([address, at, piece]) => address.slice(0, at) + piece + address.slice(at)),
  fc.tuple(fc.ipV6(), fc.string()).map((parts) => parts.join('%')),
  fc
    .array(fc.constantFrom('1', '0', 'ABCD', '12345', '192.0.2.1', ''), { maxLength: 10 })
    .map((parts) => parts.join(':')),
  fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map((parts) => parts.join('')),
);

test('every text is what it is for node:net', () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(isIP(text), net.isIP(text), text);
      assert.equal(isIPv6(text), net.isIPv6(text), text);
    }),
  );
});
