// Texts for C, read back from the memory as C would.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextsForC } from '../../src/io/texts-for-c.ts';

/** Memory as it is at its address. */
function fixture() {
  let memory: Buffer = Buffer.alloc(0);
  const start = 1n << 40n;
  const texts = new TextsForC((buffer) => {
    memory = buffer;
    return start;
  });
  const textAt = (address: bigint): string => {
    const at = Number(address - start);
    return memory.toString('utf8', at, memory.indexOf(0, at));
  };
  const listAt = (address: bigint): string[] => {
    assert.equal(address % 8n, 0n);
    const found: string[] = [];
    for (let at = Number(address - start); ; at += 8) {
      const pointer = memory.readBigUInt64LE(at);
      if (pointer === 0n) return found;
      found.push(textAt(pointer));
    }
  };
  return { texts, textAt, listAt, size: () => memory.length };
}

test('lists and texts stand beside each other', () => {
  const { texts, textAt, listAt } = fixture();
  for (const values of [[], [''], ['a', 'käse', '', '𝄞'], ['x'.repeat(9)]]) {
    texts.makeRoom([...values, 'end']);
    const first = texts.list(values);
    const path = texts.text('end');
    const second = texts.list(values);
    assert.deepEqual(listAt(first), values);
    assert.equal(textAt(path), 'end');
    assert.deepEqual(listAt(second), values);
  }
});

test('there is room for what was announced, twice', () => {
  const { texts, listAt, size } = fixture();
  const values = Array.from({ length: 1000 }, (_, index) => '語'.repeat(index % 50));
  texts.makeRoom(values);
  const [first, second] = [texts.list(values), texts.list(values)];
  assert.deepEqual(listAt(first), values);
  assert.deepEqual(listAt(second), values);
  const grown = size();
  texts.makeRoom(['a']);
  assert.deepEqual(listAt(texts.list(['a'])), ['a']);
  assert.equal(size(), grown);
});
