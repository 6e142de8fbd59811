// Tag lists (RFC 6376 3.2): what is one, what is none, and what its tags say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTagList } from '../../src/dkim/tag-list.ts';

function read(text: string): Record<string, string> | string {
  const tags = parseTagList(text);
  return 'fault' in tags
    ? tags.fault
    : Object.fromEntries([...tags.values()].map(({ name, value }) => [name, value]));
}

test('blanks and folds around names and values do not count, those inside do', () => {
  assert.deepEqual(read(' a = 1 2 ;\r\n\tb_2=x\r\n y;'), { a: '1 2', b_2: 'x\r\n y' });
  assert.deepEqual(read('p='), { p: '' });
  assert.deepEqual(read('p=; n=a=b=; '), { p: '', n: 'a=b=' });
  assert.deepEqual(read('A=1;a=2'), { A: '1', a: '2' });
});

test('what the grammar does not have is a fault of the whole list', () => {
  assert.match(read('') as string, /no "="/);
  assert.match(read(';') as string, /no "="/);
  assert.match(read('a=1;;b=2') as string, /no "="/);
  assert.match(read('a=1;b') as string, /no "="/);
  assert.match(read('a=1;b;c=2') as string, /no "="/);
  assert.match(read('a=1;a=1') as string, /a= is given twice/);
  assert.match(read('1a=1') as string, /name/);
  assert.match(read('a b=1') as string, /name/);
  assert.match(read('\u00e4=1') as string, /name/);
  assert.match(read('a=\0') as string, /control character/);
  assert.match(read('a=1\nb') as string, /not folded/);
  assert.match(read('a=1\r b') as string, /not folded/);
  assert.match(read('a=1\r\nb=2') as string, /not folded/);
});

test('a list of more tags than are looked at is a fault', () => {
  const list = (count: number) => Array.from({ length: count }, (_, index) => `t${index}=x`).join(';');
  assert.equal(Object.keys(read(list(64))).length, 64);
  assert.match(read(list(65)) as string, /more than 64 tags/);
});

test('the place of a value is where it is in the text, with the blanks around it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '=', ' ', '\t', '/', '+', '\r\n ') }), (value) => {
      const text = `v=1; b=${value}; d=x`;
      const tags = parseTagList(text);
      assert.ok(!('fault' in tags));
      const b = tags.get('b')!;
      assert.equal(text.slice(0, b.start) + text.slice(b.end), 'v=1; b=; d=x');
      assert.equal(b.value, value.trim());
    }),
  );
});

test('a long run of blanks costs no more than its length', () => {
  const started = process.cpuUsage();
  parseTagList(`a=x${' '.repeat(1_000_000)}y; b=${'\t\r\n '.repeat(300_000)}`);
  const { user } = process.cpuUsage(started);
  assert.ok(user < 1_000_000, `${user} µs`);
});
