// Lines of qmail's files that cannot be read: qmail passes over them, and so all other lines are in force here.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readTable } from '../../src/table/read-table.ts';
import type { Contents } from '../../src/table/contents.ts';
import { temporaryFolder } from '../temporary-folder.ts';

type Folder = ReturnType<typeof temporaryFolder>;

async function opened({ path }: Folder, text: string | Uint8Array): Promise<Contents> {
  const file = join(path, 'smtproutes');
  writeFileSync(file, text);
  return readTable({ name: 'smtproutes', kind: 'smtproutes', path: file });
}

const found = (...values: string[]) => ({ kind: 'found', values });
const failing = (reason: string) => ({ kind: 'failing', reason, isOfEntry: true });
const absent = { kind: 'absent' };

test('look-ups of what a line without a colon is about fail, and no others do', async (t) => {
  const contents = await opened(
    temporaryFolder(t, 'table'),
    'One.test relay.test\none.test\ntwo.test:relay.test\n:rest.test\n',
  );
  assert.deepEqual(await contents.lookup(['one.test', 'two.test', '*', 'three.test']), [
    failing('line 2 has no colon'),
    found('relay.test'),
    found('rest.test'),
    absent,
  ]);
  assert.deepEqual(contents.faults, [
    'line 1 has no colon: look-ups of "one.test" fail',
    'line 2 has no colon: look-ups of "one.test" fail',
  ]);
});

test('the last line of a key counts, also where an earlier one cannot be read', async (t) => {
  const folder = temporaryFolder(t, 'table');
  const good = await opened(folder, 'one.test\none.test:relay.test\n');
  assert.deepEqual(await good.lookup(['one.test']), [found('relay.test')]);
  const bad = await opened(folder, 'one.test:relay.test\none.test\n');
  assert.deepEqual(await bad.lookup(['one.test']), [failing('line 2 has no colon')]);
  const twice = await opened(folder, 'one.test:a.test\none.test:b.test\n');
  assert.match(twice.warnings.join(','), /such as "one\.test": the last line of a key counts$/u);
});

test('a line about "*" is not that of all other mail, which begins with its colon', async (t) => {
  const contents = await opened(temporaryFolder(t, 'table'), '*:relay.test\n');
  assert.deepEqual(await contents.lookup(['*', 'one.test']), [absent, absent]);
  assert.match(contents.faults?.join(',') ?? '', /^line 1 is about "\*", .*: it is passed over$/u);
});

test('a line in another encoding fails for its domain alone', async (t) => {
  const text = Buffer.from(
    'one.test:relay\xe9.test\nb\xfccher.test:relay.test\ntwo.test:relay.test\n',
    'latin1',
  );
  const contents = await opened(temporaryFolder(t, 'table'), text);
  assert.deepEqual(await contents.lookup(['one.test', 'two.test']), [
    failing('line 1 is not UTF-8'),
    found('relay.test'),
  ]);
  assert.equal(contents.faults?.[1], 'line 2 is not UTF-8: it is passed over');
});

test('few of many faulty lines are told', async (t) => {
  const contents = await opened(temporaryFolder(t, 'table'), 'x\n'.repeat(1000));
  assert.equal(contents.faults?.length, 6);
  assert.equal(contents.faults.at(-1), '995 more lines cannot be read');
});

test('whatever bytes other lines have, a good line is found', async (t) => {
  const folder = temporaryFolder(t, 'table');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 })), async (lines) => {
      const others = lines.filter((line) => !Buffer.from(line).includes('good.test'));
      const text = Buffer.concat([
        ...others.flatMap((line) => [line, Buffer.from('\n')]),
        Buffer.from('good.test:relay.test\n'),
      ]);
      // A text in UTF-16 is no text of qmail.
      fc.pre(!/^(?:\xff\xfe|\xfe\xff)/u.test(text.toString('latin1')));
      const contents = await opened(folder, text);
      assert.deepEqual(await contents.lookup(['good.test']), [found('relay.test')]);
    }),
    { numRuns: 200 },
  );
});
