// The contract of tables, against every kind.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { tableKinds } from '../../src/table/open-table.ts';
import { type KindUnderTest, testContract } from './contract.ts';

const subjects: readonly KindUnderTest[] = [
  {
    kind: 'list',
    hasValues: false,
    write: (path, entries) => writeFile(path, entries.map(([key]) => `${key}\n`).join('')),
  },
];

test('the contract is tested for every kind', () => {
  assert.deepEqual(subjects.map(({ kind }) => kind).toSorted(), Object.keys(tableKinds).toSorted());
});

for (const subject of subjects) testContract(subject);
