import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DomainSet, NetworkSet, RelayPolicy } from '../../src/policy/relay-policy.ts';

test('networks hold their addresses, in IPv4, IPv6 and IPv4 mapped into IPv6', () => {
  const set = new NetworkSet([
    { address: '192.0.2.0', prefix: 24 },
    { address: '2001:db8::', prefix: 32 },
    { address: '198.51.100.7', prefix: 32 },
  ]);
  const cases: [string, boolean][] = [
    ['192.0.2.255', true],
    ['192.0.3.0', false],
    ['::ffff:192.0.2.1', true],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['198.51.100.7', true],
    ['198.51.100.8', false],
    ['', false],
  ];
  for (const [address, expected] of cases) {
    assert.equal(set.has(address), expected, address);
    assert.equal(set.has(address), expected, `${address}, asked again`);
  }
});

test('a suffix holds all names under it and not itself', () => {
  const set = new DomainSet(['example.com', '*.example.net']);
  assert.equal(set.has('example.com'), true);
  assert.equal(set.has('www.example.com'), false);
  assert.equal(set.has('example.net'), false);
  assert.equal(set.has('a.example.net'), true);
  assert.equal(set.has('a.b.example.net'), true);
  assert.equal(set.has('badexample.net'), false);
});

test('without networks and domains nothing is relayed', () => {
  const policy = new RelayPolicy(new NetworkSet([]), new DomainSet([]));
  assert.equal(policy.isRelayClient('127.0.0.1'), false);
  assert.equal(policy.acceptsDomain('example.com'), false);
});
