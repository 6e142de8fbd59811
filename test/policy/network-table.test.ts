import assert from 'node:assert/strict';
import { BlockList, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseNetwork } from '../../src/values/network.ts';
import { NetworkTable } from '../../src/policy/network-table.ts';

test('an address is in all networks that hold it, of every size', () => {
  const table = new NetworkTable();
  const networks = [
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.128.0.0/9',
    '10.1.2.3',
    '10.1.2.0/30',
    '::/0',
    '2001:db8::/33',
    '::ffff:10.0.0.0/104',
  ];
  for (const [index, text] of networks.entries()) table.add(parseNetwork(text), index);
  const of = (address: string) => [...table.valuesOf(address)].sort();
  assert.deepEqual(of('10.1.2.3'), [0, 1, 3, 4, 7]);
  assert.deepEqual(of('::ffff:10.1.2.3'), [0, 1, 3, 4, 7]);
  assert.deepEqual(of('10.200.0.1'), [0, 1, 2, 7]);
  assert.deepEqual(of('192.0.2.1'), [0]);
  assert.deepEqual(of('2001:db8:7fff::1'), [5, 6]);
  assert.deepEqual(of('2001:db8:8000::1'), [5]);
});

test('the table finds what a walk over all networks finds', () => {
  // `::192.0.2.1` is read as mapped by some and not by others; no socket says it.
  const ipV6 = fc.ipV6().filter((address) => !address.includes('.'));
  const prefixed = (bits: 32 | 128) =>
    fc.tuple(fc.integer({ min: 0, max: bits }), bits === 32 ? fc.ipV4() : ipV6);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(prefixed(32), prefixed(128)), { maxLength: 8 }),
      fc.array(fc.oneof(fc.ipV4(), ipV6), { maxLength: 5 }),
      (networks, others) => {
        const table = new NetworkTable();
        const lists = networks.map(([prefix, address], index) => {
          table.add({ address, prefix }, index);
          const list = new BlockList();
          list.addSubnet(address, prefix, isIPv6(address) ? 'ipv6' : 'ipv4');
          return list;
        });
        for (const address of [...networks.map(([, each]) => each), ...others]) {
          // BlockList takes mapped addresses for both.
          if (/^(?:0*:)*:?(?:0*:)*ffff:/i.test(address)) continue;
          const expected = lists.flatMap((list, index) =>
            list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') ? [index] : [],
          );
          const found = [...table.valuesOf(address)].filter(
            (index) => isIPv6(networks[index]![1]) === isIPv6(address),
          );
          assert.deepEqual(
            found.sort((a, b) => a - b),
            expected.filter((index) => isIPv6(networks[index]![1]) === isIPv6(address)),
            address,
          );
        }
      },
    ),
  );
});
