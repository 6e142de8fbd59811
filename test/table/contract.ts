// What every kind of table promises, as tests to be run against each.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Contents } from '../../src/table/contents.ts';
import type { TableSettings } from '../../src/table/table.ts';
import { tableKey } from '../../src/table/table-key.ts';
import { type TemporaryFolder, temporaryFolder } from '../temporary-folder.ts';

export type Entries = readonly (readonly [key: string, value: string])[];

/** How the tests make a table of one kind. */
export interface KindUnderTest {
  readonly kind: TableSettings['kind'];
  /** The variant, where a kind has several. */
  readonly variant?: string;
  readonly open: (path: string) => Promise<Contents>;
  /** Does it have values? A list has none. */
  readonly hasValues: boolean;
  /** May a key have several values? Otherwise the first counts. */
  readonly hasSeveralValues: boolean;
  /** Writes a file with these entries; the values of a kind without values are left out. */
  readonly write: (path: string, entries: Entries) => Promise<void>;
}

async function opened(
  { open, write }: KindUnderTest,
  folder: TemporaryFolder,
  entries: Entries,
): Promise<Contents> {
  const path = `${folder.path}/table`;
  await write(path, entries);
  const contents = await open(path);
  folder.atEnd(() => contents.close());
  return contents;
}

/** Adds the tests of the contract for one kind. */
export function testContract(subject: KindUnderTest): void {
  const { kind, variant, hasValues, hasSeveralValues } = subject;
  const name = variant === undefined ? kind : `${kind}, ${variant}`;
  const valuesOf = (...values: string[]) => ({ kind: 'found', values: hasValues ? values : [] });

  test(`${name}: keys are found with their values, others are absent, in the order of the question`, async (t) => {
    const contents = await opened(subject, temporaryFolder(t, 'table'), [
      ['joe@example.com', 'one'],
      ['@example.net', 'two words'],
    ]);
    const answers = await contents.lookup([
      'nobody@example.com',
      '@example.net',
      'joe@example.com',
      '@example.net',
    ]);
    assert.deepEqual(answers, [
      { kind: 'absent' },
      valuesOf('two words'),
      valuesOf('one'),
      valuesOf('two words'),
    ]);
  });

  test(`${name}: the first of several keys that is there is found`, async (t) => {
    const contents = await opened(subject, temporaryFolder(t, 'table'), [
      ['joe@example.com', 'one'],
      ['.example.com', 'two'],
    ]);
    if (contents.lookupFirst === undefined) return;
    for (const [keys, answer] of [
      [['nobody', '.example.com', 'joe@example.com'], valuesOf('two')],
      [['joe@example.com', '.example.com'], valuesOf('one')],
      [['.com', 'nobody', '*'], { kind: 'absent' }],
      [['.com', '.example.com', '*'], valuesOf('two')],
      [[], { kind: 'absent' }],
    ] as const)
      assert.deepEqual(await contents.lookupFirst(keys), answer);
  });

  test(`${name}: no keys are no answers`, async (t) => {
    const contents = await opened(subject, temporaryFolder(t, 'table'), [['joe', 'one']]);
    assert.deepEqual(await contents.lookup([]), []);
  });

  test(`${name}: a key that is the beginning or the end of another is another key`, async (t) => {
    const contents = await opened(subject, temporaryFolder(t, 'table'), [['joe@example.com', 'one']]);
    const others = ['joe@example.co', 'oe@example.com', 'joe@example.comm', ''];
    assert.deepEqual(
      await contents.lookup(others),
      others.map(() => ({ kind: 'absent' })),
    );
  });

  test(`${name}: a key with letters outside ASCII is found`, async (t) => {
    const contents = await opened(subject, temporaryFolder(t, 'table'), [
      [tableKey('jörg@bücher.example'), 'grün'],
    ]);
    assert.deepEqual(await contents.lookup([tableKey('Jörg@Bücher.example')]), [valuesOf('grün')]);
  });

  test(`${name}: a key longer than any in the table, of 100,000 characters, is absent`, async (t) => {
    const contents = await opened(subject, temporaryFolder(t, 'table'), [['joe', 'one']]);
    assert.deepEqual(await contents.lookup(['x'.repeat(100_000), 'ö'.repeat(30_000)]), [
      { kind: 'absent' },
      { kind: 'absent' },
    ]);
  });

  test(`${name}: a key that is there twice`, async (t) => {
    const contents = await opened(subject, temporaryFolder(t, 'table'), [
      ['joe', 'one'],
      ['jane', 'three'],
      ['joe', 'two'],
    ]);
    const values = hasSeveralValues ? valuesOf('one', 'two') : valuesOf('one');
    assert.deepEqual(await contents.lookup(['joe', 'jane']), [values, valuesOf('three')]);
  });

  test(`${name}: each of 20,000 keys is found`, async (t) => {
    const entries = Array.from(
      { length: 20_000 },
      (_, index) => [`user${index}@example.com`, `value ${index}`] as const,
    );
    const contents = await opened(subject, temporaryFolder(t, 'table'), entries);
    const answers = await contents.lookup(entries.map(([key]) => key));
    assert.deepEqual(
      answers,
      entries.map(([, value]) => valuesOf(value)),
    );
    const absent = await contents.lookup(entries.map(([key]) => `${key}x`));
    assert.ok(absent.every((answer) => answer.kind === 'absent'));
  });
}
