// A long list of things with names.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NamedList } from '../../src/message/named-list.ts';

type Step = readonly ['insert' | 'push' | 'replace' | 'remove', number, string];

test('it is like a plain list, however long it is and whatever is done to it', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const step: fc.Arbitrary<Step> = fc.tuple(
    fc.constantFrom('insert', 'push', 'replace', 'remove'),
    fc.integer({ min: 0, max: 3200 }),
    name,
  );
  const first = fc.constantFrom(0, 1, 511, 512, 513, 3000);
  fc.assert(
    fc.property(first, fc.array(step, { maxLength: 60 }), (length, steps) => {
      const list = new NamedList<{ readonly name: string }>();
      const plain: { readonly name: string }[] = [];
      for (let at = 0; at < length; at++) {
        const item = { name: at % 7 === 0 ? 'a' : 'b' };
        list.push(item);
        plain.push(item);
      }
      for (const [what, at, each] of steps) {
        const item = { name: each };
        if (what === 'insert') {
          list.insert(at, item);
          plain.splice(at, 0, item);
        } else if (what === 'push') {
          list.push(item);
          plain.push(item);
        } else if (what === 'replace') {
          list.replace(at, item);
          if (at < plain.length) plain[at] = item;
        } else {
          list.remove(at);
          plain.splice(at, 1);
        }
        assert.equal(list.length, plain.length);
        assert.equal(list.last, plain.at(-1));
        const indexes = plain.flatMap((one, index) => (one.name === each ? [index] : []));
        for (const occurrence of [1, 2, indexes.length, indexes.length + 1])
          if (occurrence > 0) assert.equal(list.indexOf(each, occurrence), indexes[occurrence - 1] ?? -1);
      }
      assert.deepEqual([...list], plain);
    }),
  );
});

test('all of a long list can be taken out from either end', () => {
  for (const end of ['first', 'last']) {
    const list = new NamedList<{ readonly name: string }>();
    for (let at = 0; at < 5000; at++) list.push({ name: 'a' });
    for (let left = 5000; left > 0; left--) list.remove(list.indexOf('a', end === 'first' ? 1 : left));
    assert.deepEqual([...list], []);
    list.push({ name: 'b' });
    assert.equal(list.indexOf('b', 1), 0);
  }
});
