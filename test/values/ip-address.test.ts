// IP addresses as text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalIp, parseIpAddress, plainIp } from '../../src/values/ip-address.ts';

test('an IPv4-mapped address is the IPv4 address in it, and no other address is', () => {
  assert.equal(plainIp('::ffff:127.0.0.1'), '127.0.0.1');
  assert.equal(plainIp('::FFFF:7f00:1'), '127.0.0.1');
  // RFC 4291 2.5.5.1: IPv4-compatible, which anybody may have written.
  assert.equal(plainIp('::127.0.0.1'), '::7f00:1');
  assert.equal(plainIp('::7f00:1'), '::7f00:1');
  assert.equal(plainIp('64:ff9b::127.0.0.1'), '64:ff9b::7f00:1');
  assert.equal(plainIp('::1:127.0.0.1'), '::1:7f00:1');
  assert.equal(canonicalIp('::192.0.2.1'), '::c000:201');
  assert.equal(parseIpAddress('::192.0.2.1')?.kind(), 'ipv6');
  assert.equal(parseIpAddress('::192.0.2.1')?.toString(), '::c000:201');
});
