// Addresses as numbers, compared with ipaddr.js.

import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { readAddress } from '../../src/values/address-bits.ts';
import { networkAroundBits } from '../../src/values/network.ts';
import { canonical } from './plain-bits.ts';

function read(text: string): string | undefined {
  const words = new Uint32Array(4);
  const bits = readAddress(text, words);
  if (bits === 0) return undefined;
  return [...words.subarray(0, bits / 32)].map((word) => word.toString(16).padStart(8, '0')).join('');
}

function expected(text: string): string {
  return Buffer.from(canonical(text).toByteArray()).toString('hex');
}

for (const text of [
  '0.0.0.0',
  '192.0.2.1',
  '255.255.255.255',
  '::',
  '::1',
  '1::',
  '2001:db8::1:0:0:1',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '::ffff:192.0.2.1',
  '64:ff9b::192.0.2.33',
  '::192.0.2.1',
  'FE80::ABCD',
  '1:2:3:4:5:6:192.0.2.1',
  'fe80::1%eth0',
]) {
  test(`${text} is read`, () => assert.equal(read(text), expected(text)));
}

for (const text of [
  '',
  '1',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1..2.3',
  '010.1.1.1',
  '1.2.3.04',
  'fe80::1%',
  '192.0.2.1%eth0',
  '1.2.3.4 ',
  ':',
  ':::',
  ':1',
  '1:',
  '1:2',
  '1::2::3',
  '1:2:3:4:5:6:7:8:9',
  '12345::',
  'g::',
  '1:2:3:4:5:6:7:1.2.3.4',
  '::1.2.3',
  '::1.2.3.4:5',
  '1:2:3:4::5:6:7:8',
  'mx.example.com',
]) {
  test(`"${text}" is no address`, () => {
    assert.equal(isIP(text), 0);
    assert.equal(read(text), undefined);
  });
}

test('every address that node takes is read as ipaddr.js reads it, and nothing else', () => {
  const nearly = fc.stringMatching(/^[0-9a-f:.]{0,24}$/);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearly), (text) => {
      assert.equal(read(text), isIP(text) === 0 ? undefined : expected(text));
    }),
    { numRuns: 2_000 },
  );
});

test('the network of an address is given in canonical text', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const words = new Uint32Array(4);
      const bits = readAddress(text, words);
      assert.ok(bits !== 0);
      const address = canonical(text).toString();
      const network =
        bits === 32
          ? `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/24`).toString()}/24`
          : `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toRFC5952String()}/64`;
      assert.equal(networkAroundBits(words, bits), network);
    }),
    { numRuns: 2_000 },
  );
});
