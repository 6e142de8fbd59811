// Which networks an address is in, and which networks contain which: compared with texts of bits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contains, formatNetwork, networkAround, parseNetwork } from '../../src/values/network.ts';
import { NetworkSet } from '../../src/values/network-set.ts';
import { NetworkTree } from '../../src/values/network-tree.ts';
import { plainlyIn, plainNetwork, someAddress, someNetwork } from './plain-bits.ts';

/** The values of all networks that the address is in, in the order in which the tree tells them. */
function valuesOf<T>(tree: NetworkTree<T>, address: string): T[] {
  const found: T[] = [];
  tree.visit(address, { network: (value) => found.push(value) > 0 });
  return found;
}

test('an address is in all networks that contain it, of every size, the widest first', () => {
  const tree = new NetworkTree<string>();
  const networks = [
    '10.1.2.3',
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.128.0.0/9',
    '10.1.2.0/30',
    '::/0',
    '2001:db8::/33',
    '::ffff:10.0.0.0/104',
  ];
  for (const text of networks) tree.add(parseNetwork(text), text);
  const inTen = ['0.0.0.0/0', '10.0.0.0/8', '::ffff:10.0.0.0/104'];
  assert.deepEqual(valuesOf(tree, '10.1.2.3'), [...inTen, '10.1.2.0/30', '10.1.2.3']);
  assert.deepEqual(valuesOf(tree, '::ffff:10.1.2.3'), [...inTen, '10.1.2.0/30', '10.1.2.3']);
  assert.deepEqual(valuesOf(tree, '10.200.0.1'), [...inTen, '10.128.0.0/9']);
  assert.deepEqual(valuesOf(tree, '192.0.2.1'), ['0.0.0.0/0']);
  assert.deepEqual(valuesOf(tree, '2001:db8:7fff::1'), ['::/0', '2001:db8::/33']);
  assert.deepEqual(valuesOf(tree, '2001:db8:8000::1'), ['::/0']);
  assert.deepEqual(valuesOf(tree, ''), []);
  assert.deepEqual(valuesOf(tree, 'mx.example.com'), []);
});

test('a value that was added twice is visited once', () => {
  const tree = new NetworkTree<number>();
  const prefixes: number[] = [];
  for (const text of ['10.0.0.0/8', '::ffff:10.0.0.0/104']) tree.add(parseNetwork(text), 1);
  tree.visit('10.0.0.1', { network: (_, prefix) => prefixes.push(prefix) > 0 });
  assert.deepEqual(prefixes, [8]);
});

test('a visitor that stops is not called again', () => {
  const tree = new NetworkTree<number>();
  for (const prefix of [0, 8, 16]) tree.add({ address: '10.0.0.0', prefix }, prefix);
  tree.add({ address: '10.0.0.0', prefix: 0 }, 1);
  const heard: number[] = [];
  tree.visit('10.0.0.1', { network: (value) => heard.push(value) < 1 });
  assert.deepEqual(heard, [0]);
});

test('the tree and the set find the same as a walk over all networks', () => {
  fc.assert(
    fc.property(
      fc.array(someNetwork, { maxLength: 8 }),
      fc.array(someAddress, { maxLength: 5 }),
      (networks, others) => {
        const tree = new NetworkTree<number>();
        for (const [index, network] of networks.entries()) tree.add(network, index);
        const set = new NetworkSet(networks);
        for (const address of [...networks.map((each) => each.address), ...others]) {
          const expected = networks.flatMap((network, index) => (plainlyIn(network, address) ? [index] : []));
          assert.deepEqual(
            valuesOf(tree, address).sort((a, b) => a - b),
            expected,
            address,
          );
          assert.equal(set.has(address), expected.length > 0, address);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a network contains those whose bits begin with its own', () => {
  fc.assert(
    fc.property(someNetwork, someNetwork, someAddress, (outer, inner, address) => {
      const [one, other] = [plainNetwork(outer), plainNetwork(inner)];
      assert.equal(
        contains(outer, inner),
        one.version === other.version && other.begin.startsWith(one.begin),
        `${formatNetwork(outer)} ${formatNetwork(inner)}`,
      );
      assert.equal(contains(outer, address), plainlyIn(outer, address));
    }),
    { numRuns: 2_000 },
  );
});

test('a set has its addresses, in IPv4, IPv6, IPv4 in IPv6 form, and with a zone', () => {
  const set = new NetworkSet(
    ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7', 'fe80::/10'].map(parseNetwork),
  );
  const cases: [string, boolean][] = [
    ['192.0.2.255', true],
    ['192.0.3.0', false],
    ['::ffff:192.0.2.1', true],
    ['2001:db8:ffff::1', true],
    ['2001:db9::1', false],
    ['198.51.100.7', true],
    ['198.51.100.8', false],
    ['fe80::1%eth0', true],
    ['', false],
  ];
  for (const [address, expected] of cases) assert.equal(set.has(address), expected, address);
});

test('the network around an address is its /24 or /64', () => {
  assert.equal(networkAround('192.0.2.77'), '192.0.2.0/24');
  assert.equal(networkAround('::ffff:192.0.2.77'), '192.0.2.0/24');
  assert.equal(networkAround('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(networkAround('a name'), 'a name');
});
