// The stores of the scheduler: heap, index, columns, and lists over columns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  Float64Column,
  Int32Column,
  TimeColumn,
  Uint16Column,
  Uint8Column,
} from '../../src/schedule/store/columns.ts';
import { DueHeap } from '../../src/schedule/store/due-heap.ts';
import { RefusalForms } from '../../src/schedule/store/refusal-forms.ts';
import { KeyIndex } from '../../src/schedule/store/key-index.ts';
import { MessageState, MessageStore } from '../../src/schedule/store/messages.ts';
import { Random } from '../../src/schedule/store/random.ts';
import { Siblings } from '../../src/schedule/store/siblings.ts';
import { Slots } from '../../src/schedule/store/slots.ts';
import { saidForm } from '../refusals.ts';

test('the heap returns rows in the order of their times after any additions, moves and removals', () => {
  const operation = fc.tuple(fc.constantFrom('put', 'take'), fc.nat(30), fc.nat(1_000));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const times = new TimeColumn();
      times.grow(31);
      const heap = new DueHeap(times);
      heap.grow(31);
      const model = new Map<number, number>();
      for (const [what, row, time] of operations) {
        if (what === 'put') {
          heap.put(row, time);
          model.set(row, time);
        } else {
          heap.take(row);
          model.delete(row);
        }
        assert.equal(heap.size, model.size);
        assert.equal(heap.has(row), model.has(row));
        assert.equal(heap.firstDueMs(), Math.min(Infinity, ...model.values()));
      }
      const left: number[] = [];
      for (let row = heap.first(); row >= 0; row = heap.first()) {
        left.push(heap.firstDueMs());
        assert.equal(heap.firstDueMs(), model.get(row));
        heap.take(row);
      }
      assert.deepEqual(
        left,
        [...model.values()].sort((one, other) => one - other),
      );
    }),
  );
});

test('the key index finds every key that was added and not removed', () => {
  const operation = fc.tuple(fc.boolean(), fc.nat(60));
  // Text around the number: equal beginnings, longer than the part that is hashed in words, with any characters.
  const text = fc.oneof(
    fc.constant(''),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constant('long '.repeat(60)),
  );
  fc.assert(
    fc.property(text, text, fc.array(operation, { maxLength: 300 }), (head, tail, operations) => {
      const keyOf = (row: number): string => `${head}key ${row}${tail}`;
      const index = new KeyIndex();
      const model = new Set<number>();
      for (const [isAdd, row] of operations) {
        if (isAdd && !model.has(row)) {
          index.add(keyOf(row), row);
          model.add(row);
        } else if (!isAdd && model.has(row)) {
          index.remove(row);
          model.delete(row);
        }
      }
      for (let row = 0; row <= 60; row++) {
        assert.equal(index.find(keyOf(row)), model.has(row) ? row : -1);
        assert.equal(index.keyOf(row), model.has(row) ? keyOf(row) : '');
      }
      const all: number[] = [];
      index.each((row) => all.push(row));
      assert.deepEqual(new Set(all), model);
      assert.equal(index.size, model.size);
    }),
  );
});

test('columns of every kind keep their values while they grow, and new rows start at 0', () => {
  for (const { column, most } of [
    { column: new Int32Column(), most: -(2 ** 31) },
    { column: new Uint16Column(), most: 2 ** 16 - 1 },
    { column: new Uint8Column(), most: 2 ** 8 - 1 },
    { column: new Float64Column(), most: -Infinity },
    { column: new TimeColumn(), most: 2 ** 48 - 1 },
  ]) {
    column.grow(2);
    column.set(0, 1);
    column.set(1, most);
    column.grow(5);
    const values = [0, 1, 2, 3, 4].map((row) => column.get(row));
    assert.deepEqual(values, [1, most, 0, 0, 0], column.constructor.name);
  }
});

test('a store grows as a whole and keeps its rows; a large one has at most an eighth of spare rows', () => {
  const [links, values] = [new Int32Column(), new Int32Column()];
  let capacity = 0;
  const slots = new Slots(links, [values, { grow: (rows) => (capacity = rows) }]);
  for (let row = 0; row < 100_000; row++) {
    assert.equal(slots.take(), row);
    values.set(row, row + 7);
    assert.ok(capacity > row);
    if (row >= 16_384) assert.ok(capacity <= Math.ceil((row + 1) * 1.125), `${capacity} for row ${row}`);
  }
  for (let row = 0; row < 100_000; row++) assert.equal(values.get(row), row + 7);
  slots.give(70_000);
  slots.give(5);
  assert.deepEqual([slots.take(), slots.take(), slots.take()], [5, 70_000, 100_000]);
  assert.equal(slots.live, 100_001);
});

/** The lists of three messages, and rows for 30 tasks. */
function newLists(): { siblings: Siblings; tasksOf(message: number): number[] } {
  const firstTask = new Int32Column();
  firstTask.grow(3);
  for (let message = 0; message < 3; message++) firstTask.set(message, -1);
  const siblings = new Siblings(firstTask);
  siblings.owner.grow(30);
  const tasksOf = (message: number): number[] => {
    const tasks: number[] = [];
    for (let task = firstTask.get(message); task >= 0; task = siblings.nextOf(task)) tasks.push(task);
    return tasks;
  };
  return { siblings, tasksOf };
}

for (const [which, gone, left] of [
  ['first', 13, [12, 11]],
  ['middle', 12, [13, 11]],
  ['last', 11, [13, 12]],
] as const) {
  test(`a message whose ${which} task is removed keeps the others in order, and all can be removed`, () => {
    const { siblings, tasksOf } = newLists();
    for (const task of [11, 12, 13]) siblings.add(1, task);
    assert.deepEqual(tasksOf(1), [13, 12, 11], 'the newest first');
    siblings.remove(gone);
    assert.deepEqual(tasksOf(1), left);
    for (const task of left) assert.equal(siblings.messageOf(task), 1);
    for (const task of left) siblings.remove(task);
    assert.deepEqual(tasksOf(1), []);
    assert.equal(siblings.live, 0);
  });
}

test('a message with one task needs no links', () => {
  const { siblings, tasksOf } = newLists();
  for (const message of [0, 1, 2]) siblings.add(message, 10 + message);
  assert.equal(siblings.live, 0);
  assert.equal(siblings.messageOf(12), 2);
  siblings.remove(11);
  assert.deepEqual([tasksOf(0), tasksOf(1), tasksOf(2)], [[10], [], [12]]);
});

test('every message lists its tasks, the newest first, after any additions and removals', () => {
  const operation = fc.tuple(fc.nat(2), fc.nat(29));
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const { siblings, tasksOf } = newLists();
      const model: number[][] = [[], [], []];
      for (const [message, task] of operations) {
        const owner = model.findIndex((tasks) => tasks.includes(task));
        if (owner === -1) {
          siblings.add(message, task);
          model[message]!.unshift(task);
        } else {
          assert.equal(siblings.messageOf(task), owner);
          siblings.remove(task);
          model[owner] = model[owner]!.filter((other) => other !== task);
        }
        for (const [message, tasks] of model.entries()) assert.deepEqual(tasksOf(message), tasks);
      }
      for (const task of model.flat()) siblings.remove(task);
      assert.equal(siblings.live, 0);
    }),
  );
});

const usual = fc.string({ unit: fc.constantFrom(...'0123456789ABCDEFGHJKMNPQRSTVWXYZ-_az'), maxLength: 16 });
const odd = fc.string({ unit: 'binary', maxLength: 20 });
const ids = fc.uniqueArray(fc.oneof(usual, odd), { maxLength: 50 });

test('queue ids of any form are returned unchanged and are found', () => {
  fc.assert(
    fc.property(ids, (ids) => {
      const store = new MessageStore();
      const rows = ids.map((id, at) => store.open(id, 1_700_000_000_123, false, false, (at % 19) - 9));
      for (const row of rows) store.setState(row, MessageState.queued);
      for (const [at, id] of ids.entries()) {
        assert.equal(store.queueIdOf(rows[at]!), id);
        assert.equal(store.find(id), rows[at]);
        assert.equal(store.receivedAtMs.get(rows[at]!), 1_700_000_000_123);
        assert.equal(store.rankOf(rows[at]!), 18 - (at % 19));
      }
      for (const [at, id] of ids.entries()) {
        store.free(rows[at]!);
        assert.equal(store.find(id), -1);
      }
    }),
  );
});

test('a refusal is stored once, and only as long as a row refers to it', () => {
  const refusals = new RefusalForms();
  const [a, b, c] = ['450 a', '450 b', '450 c'].map((reply) => saidForm(reply));
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  const [one, same, other] = [refusals.keep(a), refusals.keep(saidForm('450 a')), refusals.keep(b)];
  assert.equal(one, same);
  assert.notEqual(one, other);
  assert.equal(refusals.keep(''), 0);
  refusals.drop(one);
  assert.equal(refusals.form(one), a);
  refusals.drop(one);
  refusals.drop(0);
  assert.equal(refusals.size, 1);
  assert.equal(refusals.form(other), b);
  assert.equal(refusals.keep(c), one, 'its number is used again');
});

test('the random generator gives the same numbers for a seed, spread evenly', () => {
  const [one, other] = [new Random(2 ** 40 + 1), new Random(2 ** 40 + 1)];
  const buckets = Array.from({ length: 10 }, () => 0);
  for (let count = 0; count < 10_000; count++) {
    const value = one.next();
    assert.equal(value, other.next());
    buckets[Math.floor(value * 10)]!++;
  }
  for (const size of buckets) assert.ok(size > 850 && size < 1_150, String(buckets));
  assert.notEqual(new Random(1).next(), new Random(2).next());
  assert.notEqual(new Random(1).next(), new Random(2 ** 40 + 1).next());
});
