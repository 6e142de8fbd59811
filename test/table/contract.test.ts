// The contract of tables, against every kind.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { tableKinds } from '../../src/config/schema/table.ts';
import { type Entries, type KindUnderTest, testContract } from './contract.ts';

const lines = (entries: Entries, line: (key: string, value: string) => string): string =>
  entries.map(([key, value]) => `${line(key, value)}\n`).join('');

const subjects: readonly KindUnderTest[] = [
  {
    kind: 'list',
    settings: (path) => ({ name: 'users', kind: 'list', path }),
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
    settings: (path) => ({ name: 'users', kind: 'key-value', path }),
    hasValues: true,
    hasSeveralValues: true,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key}\t ${value}`),
      ),
  },
  {
    kind: 'passwd',
    settings: (path) => ({ name: 'users', kind: 'passwd', path }),
    hasValues: true,
    hasSeveralValues: false,
    write: (path, entries) =>
      writeFile(
        path,
        lines(entries, (key, value) => `${key}:${value}`),
      ),
  },
  {
    kind: 'cdb',
    settings: (path) => ({ name: 'users', kind: 'cdb', path }),
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
    kind: 'sqlite',
    settings: (path) => ({
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
  assert.deepEqual(subjects.map(({ kind }) => kind).toSorted(), tableKinds.toSorted());
});

for (const subject of subjects) testContract(subject);
