// The bounded map behind every cache: its weight is never above the bound, and recently used entries are kept.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { RecentMap } from '../../src/dns/recent-map.ts';

const maxWeight = 20;

const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: fc.nat(30), weight: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    kind: fc.constantFrom('get' as const, 'delete' as const),
    key: fc.nat(30),
    weight: fc.constant(0),
  }),
);

test('the map returns the value that was set last, and the weight of all values is within the bound', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new RecentMap<number, number>(maxWeight);
      const last = new Map<number, { value: number; weight: number }>();
      for (const [value, { kind, key, weight }] of steps.entries()) {
        if (kind === 'set') {
          map.set(key, value, weight);
          last.set(key, { value, weight });
        } else if (kind === 'delete') {
          map.delete(key);
          last.delete(key);
        } else {
          const found = map.get(key);
          if (found !== undefined) assert.equal(found, last.get(key)?.value);
        }
      }
      let total = 0;
      const { size } = map;
      let found = 0;
      for (const [key, { weight }] of last) {
        // Reading moves what it finds to the young generation, where it still is when the next is read or dropped.
        if (map.get(key) === undefined) continue;
        total += weight;
        found++;
      }
      assert.ok(found <= size);
      assert.ok(total <= maxWeight, `${total} in all`);
    }),
  );
});

test('an entry is kept until entries of half the bound were added since its last use', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat(30), (steps, kept) => {
      const map = new RecentMap<number, string>(maxWeight);
      map.set(kept, 'kept');
      let since = 1;
      for (const { key, weight } of steps) {
        if (key === kept || weight === 0 || weight > maxWeight / 2) continue;
        if (since + weight > maxWeight / 2) {
          assert.equal(map.get(kept), 'kept');
          since = 1;
        }
        map.set(key, 'other', weight);
        since += weight;
      }
      assert.equal(map.get(kept), 'kept');
    }),
  );
});

test('a value heavier than half the bound is not kept, and the old value is removed', () => {
  const map = new RecentMap<string, number>(20);
  map.set('a', 1, 1);
  map.set('a', 2, 11);
  assert.equal(map.get('a'), undefined);
  map.set('a', 3, 10);
  assert.equal(map.get('a'), 3);
});

test('clear frees all room', () => {
  const map = new RecentMap<string, number>(4);
  for (const key of ['a', 'b', 'c', 'd']) map.set(key, 1);
  map.clear();
  assert.equal(map.size, 0);
  map.set('e', 1);
  map.set('f', 1);
  assert.deepEqual([map.get('e'), map.get('f'), map.get('a')], [1, 1, undefined]);
});
