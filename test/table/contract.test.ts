// The contract of tables, against every kind.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { tableKinds } from '../../src/table/open-table.ts';
import { type Entries, type KindUnderTest, testContract } from './contract.ts';

const lines = (entries: Entries, line: (key: string, value: string) => string): string =>
  entries.map(([key, value]) => `${line(key, value)}\n`).join('');

const subjects: readonly KindUnderTest[] = [
  {
    kind: 'list',
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
];

test('the contract is tested for every kind', () => {
  assert.deepEqual(subjects.map(({ kind }) => kind).toSorted(), Object.keys(tableKinds).toSorted());
});

for (const subject of subjects) testContract(subject);
