// The doubly linked list of the stores, compared with plain arrays after every operation.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RowChain } from '../../src/schedule/store/row-chain.ts';

const rows = 12;
const lists = 3;

function newChain(): RowChain {
  const chain = new RowChain();
  chain.next.grow(rows);
  chain.previous.grow(rows);
  for (let row = 0; row < rows; row++) chain.clear(row);
  return chain;
}

function listOf(chain: RowChain, first: number): number[] {
  const list: number[] = [];
  for (let row = first; row >= 0; row = chain.next.get(row)) list.push(row);
  return list;
}

test('several lists in one chain keep their order while rows are added, removed and moved to the end', () => {
  const operation = fc.record({
    kind: fc.constantFrom('append', 'prepend', 'behind', 'rotate'),
    list: fc.nat(lists - 1),
    row: fc.nat(rows - 1),
    other: fc.nat(rows),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150 }), (operations) => {
      const chain = newChain();
      const firsts = Array.from({ length: lists }, () => -1);
      const model = Array.from({ length: lists }, (): number[] => []);
      for (const { kind, list, row, other } of operations) {
        const owner = model.findIndex((each) => each.includes(row));
        const first = firsts[list]!;
        const expected = model[list]!;
        if (kind === 'rotate') {
          if (first < 0) continue;
          firsts[list] = chain.rotate(first);
          expected.push(expected.shift()!);
        } else if (owner !== -1) {
          firsts[owner] = chain.remove(firsts[owner]!, row);
          model[owner] = model[owner]!.filter((each) => each !== row);
        } else if (kind === 'append') {
          firsts[list] = chain.append(first, row);
          expected.push(row);
        } else if (kind === 'prepend') {
          firsts[list] = chain.prepend(first, row);
          expected.unshift(row);
        } else {
          const place = other % (expected.length + 1);
          firsts[list] = chain.insertBehind(first, expected[place - 1] ?? -1, row);
          expected.splice(place, 0, row);
        }
        for (const [at, each] of model.entries()) {
          assert.deepEqual(listOf(chain, firsts[at]!), each);
          assert.equal(chain.last(firsts[at]!), each.at(-1) ?? -1);
          for (const [place, listed] of each.entries())
            assert.equal(chain.previous.get(listed), each.at(place - 1));
        }
        for (let each = 0; each < rows; each++)
          assert.equal(chain.isListed(each), model.flat().includes(each));
      }
    }),
  );
});
