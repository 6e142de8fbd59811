// Constant databases of Sluice and of Debian's tinycdb: each reads what the other writes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { readTable } from '../../src/table/read-table.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function withoutTinycdb(): string | false {
  try {
    execFileSync('cdb', ['-h'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'tinycdb is not installed (Debian: tinycdb)';
  }
}

const count = 5_000;
const entries = Array.from(
  { length: count },
  (_, index) => [`user${index}@example.com`, `value ${index}`] as const,
);

suite('tinycdb', { skip: withoutTinycdb() }, () => {
  test('reads a database that Sluice built', async (t) => {
    const { path } = temporaryFolder(t, 'cdb');
    writeFileSync(
      `${path}/a.map`,
      `${entries.map((entry) => entry.join('\t')).join('\n')}\nuser7@example.com more\n`,
    );
    await buildCdb(`${path}/a.cdb`, `${path}/a.map`, textForms['key-value']);
    const cdb = (...args: string[]): string => execFileSync('cdb', args, { cwd: path, encoding: 'utf8' });
    assert.equal(cdb('-q', '-m', 'a.cdb', 'user4321@example.com'), 'value 4321\n');
    assert.equal(cdb('-q', '-m', '-n', '2', 'a.cdb', 'user7@example.com'), 'more\n');
    assert.throws(() => cdb('-q', 'a.cdb', 'nobody@example.com'), { status: 100 });
    const dump = cdb('-d', '-m', 'a.cdb').trim().split('\n');
    assert.deepEqual(dump, [...entries.map((entry) => entry.join(' ')), 'user7@example.com more']);
    assert.match(cdb('-s', 'a.cdb'), /number of records: 5001/);
  });

  test('writes a database that Sluice reads', async (t) => {
    const folder = temporaryFolder(t, 'cdb');
    const { path } = folder;
    const text = [...entries, ['user7@example.com', 'more']]
      .map(([key, value]) => `${key} ${value}\n`)
      .join('');
    execFileSync('cdb', ['-c', '-m', 'a.cdb'], { cwd: path, input: text });
    const contents = await readTable({ name: 'a', kind: 'cdb', path: `${path}/a.cdb` });
    folder.atEnd(() => contents.close());
    const answers = await contents.lookup([...entries.map(([key]) => key), 'nobody@example.com']);
    const expected = entries.map(([, value]) => ({
      kind: 'found',
      values: value === 'value 7' ? [value, 'more'] : [value],
    }));
    assert.deepEqual(answers, [...expected, { kind: 'absent' }]);
    const absent = await contents.lookup(entries.map(([key]) => `x${key}`));
    assert.ok(absent.every(({ kind }) => kind === 'absent'));
  });
});
