// Constant databases that are damaged or made to harm: look-ups end, read inside the file only, and do not throw.

import assert from 'node:assert/strict';
import { readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { cdbHash, headerBytes, recordHeadBytes } from '../../src/table/cdb/format.ts';
import { CdbSearch } from '../../src/table/cdb/search.ts';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { readTable } from '../../src/table/read-table.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** Searches a key in bytes, as in a file. Fails when a read leaves the file, or when there are more reads than are allowed. */
function searchIn(file: Buffer, key: string): CdbSearch {
  const tables = new Uint32Array(512);
  for (let index = 0; index < 512; index++) tables[index] = file.readUInt32LE(4 * index);
  const search = new CdbSearch(tables, file.length);
  search.begin(Buffer.from(key));
  for (let reads = 0; search.length > 0; reads++) {
    assert.ok(reads <= 25_000, 'the search does not end');
    const end = search.position + search.length;
    assert.ok(
      search.position >= 0 && end <= file.length,
      `bytes ${search.position} to ${end} of ${file.length}`,
    );
    search.take(file.subarray(search.position, end), search.length);
  }
  return search;
}

/** One hash table for all keys, filled with the given slots, at the end of the file. */
function fileOf(
  key: string,
  records: Buffer,
  slots: readonly (readonly [hash: number, position: number])[],
): Buffer {
  const header = Buffer.alloc(headerBytes);
  const table = cdbHash(Buffer.from(key)) & 0xff;
  header.writeUInt32LE(headerBytes + records.length, 8 * table);
  header.writeUInt32LE(slots.length, 8 * table + 4);
  const slotBytes = Buffer.alloc(8 * slots.length);
  for (const [index, [hash, position]] of slots.entries()) {
    slotBytes.writeUInt32LE(hash, 8 * index);
    slotBytes.writeUInt32LE(position, 8 * index + 4);
  }
  return Buffer.concat([header, records, slotBytes]);
}

function recordOf(key: string, value: string): Buffer {
  const head = Buffer.alloc(recordHeadBytes);
  head.writeUInt32LE(Buffer.byteLength(key), 0);
  head.writeUInt32LE(Buffer.byteLength(value), 4);
  return Buffer.concat([head, Buffer.from(key + value)]);
}

const key = 'joe';
const hash = cdbHash(Buffer.from(key));

test('a hash table without a free slot ends the search', () => {
  const other = recordOf('jim', 'one');
  const search = searchIn(
    fileOf(key, other, [
      [hash, headerBytes],
      [hash, headerBytes],
      [1, headerBytes],
    ]),
    key,
  );
  assert.equal(search.fault, '');
  assert.equal(search.values, undefined);
});

test('a slot that leads out of the file is a fault', () => {
  const record = recordOf(key, 'one');
  const fileBytes = headerBytes + record.length + 8;
  for (const position of [0xffff_fff0, fileBytes, fileBytes - 1, fileBytes - 7]) {
    const { fault } = searchIn(fileOf(key, record, [[hash, position]]), key);
    assert.match(fault, /leads out of the file/);
  }
});

test('a record that is longer than the file is a fault', () => {
  const record = recordOf(key, 'one');
  record.writeUInt32LE(0xffff_ffff, 4);
  assert.match(
    searchIn(fileOf(key, record, [[hash, headerBytes]]), key).fault,
    /a record leads out of the file/,
  );
});

test('a value of more than 64 KiB is a fault', () => {
  const file = fileOf(key, recordOf(key, 'x'.repeat(65_537)), [[hash, headerBytes]]);
  assert.match(searchIn(file, key).fault, /a value is longer than 65536 bytes/);
  const largest = fileOf(key, recordOf(key, 'x'.repeat(65_536)), [[hash, headerBytes]]);
  assert.equal(searchIn(largest, key).values?.[0]?.length, 65_536);
});

test('a key with more than 1,000 values is a fault', () => {
  const slots = Array.from({ length: 1001 }, () => [hash, headerBytes] as const);
  assert.match(searchIn(fileOf(key, recordOf(key, 'one'), slots), key).fault, /more than 1000 values/);
  assert.equal(searchIn(fileOf(key, recordOf(key, 'one'), slots.slice(1)), key).values?.length, 1000);
});

test('a million used slots in a row are a fault after 10,000', () => {
  const slots = Array.from({ length: 1_000_000 }, () => [hash ^ 0x100, headerBytes] as const);
  assert.match(searchIn(fileOf(key, recordOf(key, 'one'), slots), key).fault, /more than 10000 slots/);
});

async function built(
  t: TestContext,
): Promise<{ readonly path: string; readonly bytes: Buffer; readonly keys: readonly string[] }> {
  const folder = temporaryFolder(t, 'cdb');
  const path = `${folder.path}/table.cdb`;
  const keys = Array.from({ length: 300 }, (_, index) => `user${index}`);
  writeFileSync(`${path}.text`, keys.map((each) => `${each} value of ${each}\n`).join(''));
  await buildCdb(path, `${path}.text`, textForms['key-value']);
  return { path, bytes: readFileSync(path), keys };
}

test('changed bytes never lead out of the file, nor to a search without end', async (t) => {
  const { bytes, keys } = await built(t);
  const change = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 40 }), (changes) => {
      const file = Buffer.from(bytes);
      for (const [at, byte] of changes) if (at >= headerBytes) file[at] = byte;
      for (const each of keys) searchIn(file, each);
    }),
    { numRuns: 200 },
  );
});

test('a file that is cut anywhere, or has any header, is refused or answers every key', async (t) => {
  const { path, bytes, keys } = await built(t);
  const header = fc.uint8Array({ minLength: 0, maxLength: 64 });
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: bytes.length }),
      fc.nat({ max: headerBytes }),
      header,
      async (length, at, noise) => {
        const file = Buffer.from(bytes);
        file.set(noise.subarray(0, headerBytes - at), at);
        writeFileSync(path, file);
        truncateSync(path, length);
        const contents = await readTable({ name: 'cut', kind: 'cdb', path }).catch(
          (error: { readonly code: string }) => {
            assert.equal(error.code, 'TABLE_BROKEN');
          },
        );
        if (contents === undefined) return;
        try {
          const answers = await contents.lookup(keys);
          assert.equal(answers.length, keys.length);
          for (const [index, answer] of answers.entries()) {
            if (answer.kind === 'found') assert.deepEqual(answer.values, [`value of ${keys[index]}`]);
          }
        } finally {
          await contents.close();
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a file that is overwritten where it is answers "failing", and never with bytes of both', async (t) => {
  const { path, bytes, keys } = await built(t);
  utimesSync(path, 1, 1);
  const contents = await readTable({ name: 'users', kind: 'cdb', path });
  t.after(() => contents.close());
  assert.equal((await contents.lookup(keys)).filter(({ kind }) => kind === 'found').length, keys.length);
  writeFileSync(path, bytes.fill(0, headerBytes));
  const answers = await contents.lookup(keys);
  assert.ok(answers.every((answer) => answer.kind === 'failing' && answer.reason.includes('overwritten')));
  assert.equal(contents.isWhole, false);
});

test('keys that no look-up asks for are a warning', async (t) => {
  const folder = temporaryFolder(t, 'cdb').path;
  for (const [name, shown, reason] of [
    ['Joe', '"Joe"', 'since keys are looked up as "joe"'],
    ['joe\0', '"joe\\u0000"', 'since it ends in a zero byte'],
  ] as const) {
    writeFileSync(
      `${folder}/${name.length}.cdb`,
      fileOf(name, Buffer.concat([recordOf('jim', 'x'), recordOf(name, 'one')]), [[1, headerBytes]]),
    );
    const contents = await readTable({ name: 'users', kind: 'cdb', path: `${folder}/${name.length}.cdb` });
    assert.deepEqual(contents.warnings, [`a key such as ${shown} is never found, ${reason}`]);
    await contents.close();
  }
});

test('a file of zero bytes, as a crash may leave it, is no empty table', async (t) => {
  const path = join(temporaryFolder(t, 'cdb').path, 'zeros.cdb');
  writeFileSync(path, Buffer.alloc(70_000));
  await assert.rejects(readTable({ name: 'users', kind: 'cdb', path }), { code: 'TABLE_BROKEN' });
});
