// The form of keys of tables.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableKey } from '../../src/table/table-key.ts';

for (const [text, key] of [
  ['Joe@Example.COM', 'joe@example.com'],
  ['Jörg@Bücher.example', 'jörg@xn--bcher-kva.example'],
  ['@bücher.example', '@xn--bcher-kva.example'],
  ['.Bücher.example', '.xn--bcher-kva.example'],
  ['*.bücher.example', '*.xn--bcher-kva.example'],
  ['.bücher', '.xn--bcher-kva'],
  ['Grün', 'grün'],
  ['..bücher.example', '..bücher.example'],
] as const)
  test(`"${text}" is looked up as "${key}"`, () => assert.equal(tableKey(text), key));
