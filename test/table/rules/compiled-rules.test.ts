// Rules from a cdb: what Sluice builds of its own form, and files that are hostile, damaged or not whole.

import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { below, seededRandom } from '../../../sim/disk/random.ts';
import { buildCdb, textForms } from '../../../src/table/build-cdb.ts';
import { CdbWriter } from '../../../src/table/cdb/cdb-writer.ts';
import { TableError } from '../../../src/table/table-error.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { readRules } from './open-rules.ts';

/** A cdb with these records. */
function database(t: TestContext, records: readonly (readonly [string | Buffer, string | Buffer])[]): Buffer {
  const path = `${temporaryFolder(t, 'cdb').path}/a.cdb`;
  const fd = openSync(path, 'wx+');
  const writer = new CdbWriter(fd, { hasSeveralValues: true, repeated: () => undefined });
  for (const [key, value] of records) writer.add(Buffer.from(key), Buffer.from(value));
  writer.finish();
  closeSync(fd);
  return readFileSync(path);
}

test('rules in the form of Sluice can be compiled, and say the same', async (t) => {
  const { path } = temporaryFolder(t, 'rules');
  const text =
    '10.0.0.0/8 relay=@fax.example A="b  c"\n2001:DB8::/32 deny Go away\n*.Example.com size=1KiB\nuser:joe allow\n';
  writeFileSync(`${path}/clients.rules`, text);
  assert.equal((await buildCdb(`${path}/clients.cdb`, `${path}/clients.rules`, textForms.rules)).records, 4);
  const compiled = await readRules(t, readFileSync(`${path}/clients.cdb`), 'rules', 'cdb');
  const read = await readRules(t, text);
  for (const question of ['10.1.1.1', '2001:db8::1', '192.0.2.1 a.example.com', 'user:joe', '192.0.2.1'])
    assert.deepEqual(await compiled.lookup([question]), await read.lookup([question]), question);
  writeFileSync(`${path}/clients.rules`, '10.0.0.0/8 relay\n10.0.0.1/8 relay\n');
  await assert.rejects(buildCdb(`${path}/clients.cdb`, `${path}/clients.rules`, textForms.rules), {
    code: 'TABLE_BROKEN',
    message: /line 2: "10\.0\.0\.1\/8" has bits set behind its prefix/u,
  });
});

test('records that no text could hold are refused', async (t) => {
  for (const [key, value, expected] of [
    ['10.', '+RELAYCLIENT=@fax\r\nDATA\0', /the rule for "10\."/],
    ['10.', '+A=b\r\nX-Spam: no\0', /the rule for "10\.": the value of A has a control character/],
    ['10.', '+A\r\nB=c\0', /is not the name of a variable/],
    ['10.', '+A\0', /it holds "\+A", which tcprules does not write/],
    ['10.', 'X\0', /it holds "X", which tcprules does not write/],
    ['10.', Buffer.from([0x2b, 0x41, 0x3d, 0xff, 0]), /the rule for "10\." is not UTF-8/],
    ['10.', '+DATABYTES=-1\0', /DATABYTES is "-1"/],
    ['10.', `+A=${'x'.repeat(40_000)}\0`, /more than 32768 bytes/],
    ['10.', Array.from({ length: 101 }, (_, at) => `+A${at}=\0`).join(''), /more than 100 variables/],
  ] as const)
    await assert.rejects(readRules(t, database(t, [[key, value]]), 'tcprules', 'cdb'), {
      code: 'TABLE_BROKEN',
      message: expected,
    });
});

test('what stands behind the last zero byte of a record is not looked at, as tcpserver does not', async (t) => {
  const { rules } = await readRules(t, database(t, [['10.', 'D\0+A']]), 'tcprules', 'cdb');
  assert.equal(rules.find('10.1.1.1')?.rule.kind, 'refuse');
});

test('a file that is no cdb, or not a whole one, is refused', async (t) => {
  const whole = database(t, [
    ['10.', 'D\0'],
    ['', ''],
  ]);
  const longRecord = Buffer.from(whole);
  longRecord.writeUInt32LE(0xffff_fff0, 2048);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(100),
    Buffer.alloc(4096),
    whole.subarray(0, 2060),
    longRecord,
  ])
    await assert.rejects(readRules(t, bytes, 'tcprules', 'cdb'), { code: 'TABLE_BROKEN' });
  assert.equal((await readRules(t, database(t, []), 'tcprules', 'cdb')).rules.size, 0);
});

test('a damaged file is refused or read, and does no other harm', async (t) => {
  const whole = database(
    t,
    Array.from({ length: 50 }, (_, at) => [`10.0.${at}.`, `+A=${at}\0+RELAYCLIENT=\0`] as const),
  );
  let refused = 0;
  for (let seed = 1; seed <= 500; seed++) {
    const random = seededRandom(seed);
    const bytes = Buffer.from(whole.subarray(0, random() < 0.3 ? below(random, whole.length) : whole.length));
    for (let flips = below(random, 4); flips > 0 && bytes.length > 0; flips--)
      bytes[below(random, bytes.length)] = below(random, 256);
    const read = readRules(t, bytes, 'tcprules', 'cdb');
    await read.then(
      ({ rules }) => rules.find('10.0.7.1'),
      (error: unknown) => {
        refused++;
        assert.ok(
          error instanceof TableError && error.code === 'TABLE_BROKEN',
          `seed ${seed}: ${String(error)}`,
        );
      },
    );
  }
  assert.ok(refused > 100);
});
