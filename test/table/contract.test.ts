// The contract of tables, against every kind.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { patternKinds, ruleKinds, tableKinds } from '../../src/config/schema/table.ts';
import { cdbOn } from '../../src/table/kinds/cdb.ts';
import { readTable } from '../../src/table/read-table.ts';
import { findFile, openFound } from '../../src/table/table-file.ts';
import { type Entries, type KindUnderTest, testContract } from './contract.ts';

function lines(entries: Entries, line: (key: string, value: string) => string): string {
  return entries.map(([key, value]) => `${line(key, value)}\n`).join('');
}

async function writeCdb(path: string, entries: Entries): Promise<void> {
  await writeFile(
    `${path}.text`,
    lines(entries, (key, value) => `${key} ${value}`),
  );
  await buildCdb(path, `${path}.text`, textForms['key-value']);
}

const subjects: readonly KindUnderTest[] = [
  {
    kind: 'list',
    open: (path) => readTable({ name: 'users', kind: 'list', path }),
    hasValues: false,
    hasSeveralValues: false,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key) => key),
      ),
  },
  {
    kind: 'key-value',
    open: (path) => readTable({ name: 'users', kind: 'key-value', path }),
    hasValues: true,
    hasSeveralValues: true,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key}\t ${value}`),
      ),
  },
  {
    kind: 'aliases',
    open: (path) => readTable({ name: 'users', kind: 'aliases', path }),
    hasValues: true,
    hasSeveralValues: true,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key} :\n \t${value}`),
      ),
  },
  {
    kind: 'postmap',
    open: (path) => readTable({ name: 'users', kind: 'postmap', path }),
    hasValues: true,
    hasSeveralValues: false,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key}\n \t${value}`),
      ),
  },
  {
    kind: 'smtproutes',
    open: (path) => readTable({ name: 'users', kind: 'smtproutes', path }),
    hasValues: true,
    hasSeveralValues: true,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key}:${value}`),
      ),
  },
  {
    kind: 'passwd',
    open: (path) => readTable({ name: 'users', kind: 'passwd', path }),
    hasValues: true,
    hasSeveralValues: false,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key}:${value}`),
      ),
  },
  {
    kind: 'postmap',
    open: (path) => readTable({ name: 'users', kind: 'postmap', path }),
    hasValues: true,
    hasSeveralValues: false,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key}\t${value}`),
      ),
  },
  {
    kind: 'smtproutes',
    open: (path) => readTable({ name: 'users', kind: 'smtproutes', path }),
    hasValues: true,
    hasSeveralValues: true,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key}:${value}`),
      ),
  },
  {
    kind: 'cdb',
    open: (path) => readTable({ name: 'users', kind: 'cdb', path }),
    hasValues: true,
    hasSeveralValues: true,
    write: async (path, entries) => {
      await writeFile(
        `${path}.text`,
        lines(entries, (key, value) => `${key} ${value}`),
      );
      await buildCdb(path, `${path}.text`, textForms['key-value']);
    },
  },
  {
    kind: 'cdb',
    variant: 'on a slow disk',
    open: async (path) => {
      const kind = cdbOn(() => () => true);
      const contents = await openFound(await findFile(path, kind), kind);
      assert.ok(contents);
      assert.ok(!(contents.lookup(['x']) instanceof Promise), 'the first look-up measures the disk');
      assert.ok(contents.lookup(['x']) instanceof Promise);
      return contents;
    },
    hasValues: true,
    hasSeveralValues: true,
    write: writeCdb,
  },
  {
    kind: 'cdb',
    variant: 'with its hash tables in memory',
    open: (path) => readTable({ name: 'users', kind: 'cdb', path, holdsIndex: true }),
    hasValues: true,
    hasSeveralValues: true,
    write: writeCdb,
  },
  {
    kind: 'sqlite',
    open: (path) =>
      readTable({
        name: 'users',
        kind: 'sqlite',
        path,
        query: 'SELECT value FROM entries WHERE key = ? ORDER BY rowid',
        timeoutMs: 60_000,
        cacheBytes: 0,
        cacheMs: 0,
      }),
    hasValues: true,
    hasSeveralValues: true,
    write: (path, entries) => {
      const database = new DatabaseSync(path);
      database.exec(
        'CREATE TABLE entries (key TEXT, value TEXT); CREATE INDEX by_key ON entries (key); BEGIN',
      );
      const insert = database.prepare('INSERT INTO entries VALUES (?, ?)');
      for (const entry of entries) insert.run(...entry);
      database.exec('COMMIT');
      database.close();
      return Promise.resolve();
    },
  },
];

test('the contract is tested for every kind', () => {
  assert.deepEqual(
    [...new Set(subjects.map(({ kind }) => kind))].toSorted(),
    tableKinds.filter((kind) => !ruleKinds.includes(kind) && !patternKinds.includes(kind)).toSorted(),
  );
});

for (const subject of subjects) testContract(subject);
