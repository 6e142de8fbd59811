// Whole reports against golden files, byte for byte. `UPDATE_GOLDEN=1` writes them anew, to be looked at before commit.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildDsn } from '../../src/bounce/build-dsn.ts';
import { base, fromQuotedPrintable, readReport, reports, valueOf } from './reports.ts';

for (const [name, options] of Object.entries(reports)) {
  test(`golden report: ${name}`, () => {
    const actual = Buffer.concat(buildDsn(options).content);
    const file = new URL(`./golden/${name}.eml`, import.meta.url);
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, actual);
    assert.equal(actual.toString('latin1'), readFileSync(file, 'latin1'));
    const { parts } = readReport([actual]);
    assert.equal(parts.length, 3);
  });
}

test('the report goes to the sender, and its envelope says what its bytes need', () => {
  const plain = buildDsn(base);
  assert.deepEqual([plain.recipient, plain.body, plain.smtpUtf8], ['alice@example.org', '7BIT', false]);
  const eightBit = buildDsn(reports['eight-bit']!);
  assert.deepEqual([eightBit.body, eightBit.smtpUtf8], ['8BITMIME', false]);
  const international = buildDsn(reports['international']!);
  assert.deepEqual([international.body, international.smtpUtf8], ['8BITMIME', true]);
  for (const [name, options] of Object.entries(reports)) {
    const { content, body } = buildDsn(options);
    const has8bit = Buffer.concat(content).some((octet) => octet > 127);
    assert.equal(has8bit, body === '8BITMIME', name);
  }
});

test('nobody gets a report about a message with the null sender (RFC 3464 2)', () => {
  assert.throws(() => buildDsn({ ...base, sender: '' }), { code: 'DSN_NULL_SENDER' });
  assert.throws(() => buildDsn({ ...base, recipients: [] }), { code: 'DSN_NO_RECIPIENTS' });
});

function returned(options: typeof base): [mediaType: string | undefined, body: string | undefined] {
  const part = readReport(buildDsn(options).content).parts[2];
  return [part && valueOf(part, 'Content-Type'), part?.body];
}

test('the whole message comes back, or its header, as RET, the size and the action want it', () => {
  const header = 'From: Alice <alice@example.org>\r\nTo: bob@example.com\r\nSubject: lunch\r\n';
  const whole = ['message/rfc822', `${header}\r\nAt noon?\r\n.\r\n`];
  const headers = ['text/rfc822-headers', header];
  const size = (whole[1] ?? '').length;
  assert.deepEqual(returned(base), whole);
  assert.deepEqual(returned({ ...base, ret: 'FULL', maxOriginalBytes: size }), whole);
  assert.deepEqual(returned({ ...base, ret: 'FULL', maxOriginalBytes: size - 1 }), headers);
  assert.deepEqual(returned({ ...base, ret: 'HDRS' }), headers);
  assert.deepEqual(returned({ ...base, original: { ...base.original, kind: 'headers' } }), headers);
  // RFC 3461 4.3: the message comes back only with a failure.
  const delivered = base.recipients.map((recipient) => ({ ...recipient, action: 'delivered' as const }));
  assert.deepEqual(returned({ ...base, ret: 'FULL', recipients: delivered }), headers);
});

test('odd originals: no header, no body, no line end, no bytes', () => {
  const original = (text: string) =>
    returned({ ...base, original: { kind: 'headers', content: [Buffer.from(text)] } })[1];
  assert.equal(original('\r\nbody'), '\r\n');
  assert.equal(original('A: b\r\n\r\nbody'), 'A: b\r\n');
  assert.equal(original('A: b'), 'A: b\r\n');
  assert.equal(original(''), '\r\n');
  const [, long = ''] = returned({
    ...base,
    original: { kind: 'headers', content: [Buffer.from('X-A: 1234567890\r\n'.repeat(10_000))] },
  });
  assert.ok(long.length <= 64 * 1024 && long.length > 63 * 1024 && long.endsWith('0\r\n'));
});

test('a header in UTF-8 makes message/global; a broken one is encoded and comes back whole', () => {
  const header = 'Subject: Grüße\r\n';
  const content = [Buffer.from(`${header}\r\n`), Buffer.from('body in latin1: \xfc\r\n', 'latin1')];
  assert.equal(returned({ ...base, original: { kind: 'full', content } })[0], 'message/global');
  const broken = reports['broken-header']!;
  const part = readReport(buildDsn(broken).content).parts[2]!;
  assert.equal(valueOf(part, 'Content-Transfer-Encoding'), 'quoted-printable');
  const sent = Buffer.concat(broken.original.content).toString('latin1');
  assert.equal(`${fromQuotedPrintable(part.body)}\r\n`, sent);
});

test('a boundary that occurs in the message is changed, an impossible one is repaired', () => {
  const content = [Buffer.from(`A: b\r\n\r\n--${base.boundary}--\r\nMore: x\r\n--${base.boundary}_1\r\n`)];
  const report = readReport(buildDsn({ ...base, original: { kind: 'full', content } }).content);
  assert.equal(report.parts.length, 3);
  for (const boundary of ['', 'x'.repeat(500), 'a"b\r\nEvil: 1', 'ü ;']) {
    assert.equal(readReport(buildDsn({ ...base, boundary }).content).parts.length, 3);
  }
});
