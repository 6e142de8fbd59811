// What remote servers and senders wrote stays text: it adds no header field, no MIME part, no recipient group.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { buildDsn } from '../../src/bounce/build-dsn.ts';
import { base, fromQuotedPrintable, readFields, readReport, valueOf } from './reports.ts';
import type { Refusal } from '../../src/message/refusal.ts';

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\r\n\r\n',
        ' ',
        '   ',
        '\t',
        '\0',
        '\u2028',
        '\u0085',
        '😀',
        'ü',
        '=',
      ),
      fc.constantFrom(
        `--${base.boundary}`,
        `\r\n--${base.boundary}--\r\n`,
        'Evil: 1',
        '.',
        '550 5.1.1 ',
        'RCPT: ',
        ';',
        '<>',
      ),
      fc.constantFrom(
        'x'.repeat(1500),
        `${' '.repeat(200)}y`,
        'ü'.repeat(700),
        '😀'.repeat(400),
        'word '.repeat(60),
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));

const topFields = [
  'Date',
  'From',
  'To',
  'Subject',
  'Message-ID',
  'Auto-Submitted',
  'MIME-Version',
  'Content-Type',
];
const recipientFields =
  /^(?:Original-Recipient )?Final-Recipient Action Status(?: Remote-MTA)?(?: Diagnostic-Code)?(?: Last-Attempt-Date)?$/;

/** A refusal as nothing in this program makes it: nothing about its texts is bounded or cleaned. */
function raw(said: string, host: string): Refusal {
  const by = { kind: 'remote', host, address: host, port: 25 } as const;
  return { by, during: 'RCPT', code: 550, enhanced: '', lines: [said], permanent: true };
}

test('no text of others breaks the structure of a report', () => {
  fc.assert(
    fc.property(
      hostile,
      hostile,
      hostile,
      fc.boolean(),
      hostile.filter((text) => text !== ''),
      (said, name, orcpt, isFull, sender) => {
        const dsn = buildDsn({
          ...base,
          sender,
          envelopeId: name,
          recipients: [
            { ...base.recipients[0]!, refusal: raw(said, name) },
            { address: name, action: 'failed', status: '5.0.0', originalRecipient: `rfc822;${orcpt}` },
            { address: 'c@example.com', action: 'failed', status: said, originalRecipient: orcpt },
          ],
          original: {
            kind: isFull ? 'full' : 'headers',
            content: [Buffer.from(`Subject: ${said}\r\n\r\n${orcpt}`)],
          },
        });
        const { top, parts } = readReport(dsn.content);
        const names = top.fields.map(([each]) => each);
        assert.deepEqual(names.slice(0, topFields.length), topFields);
        assert.deepEqual(
          names.slice(topFields.length),
          dsn.body === '8BITMIME' && valueOf(top, 'Content-Transfer-Encoding')
            ? ['Content-Transfer-Encoding']
            : [],
        );
        assert.equal(parts.length, 3);
        const [human, status] = parts;
        assert.ok(human !== undefined && status !== undefined);

        const text =
          valueOf(human, 'Content-Transfer-Encoding') === 'quoted-printable'
            ? fromQuotedPrintable(human.body)
            : human.body;
        assert.doesNotMatch(text.replaceAll('\r\n', ''), /[\u0000-\u001f\u007f]/);
        for (const line of text.split('\r\n')) assert.ok(line.length <= 998);

        const groups = status.body.replace(/\r\n$/, '').split('\r\n\r\n').map(readFields);
        assert.equal(groups.length, 4);
        for (const group of groups.slice(1))
          assert.match(group.map(([each]) => each).join(' '), recipientFields);
        if (valueOf(status, 'Content-Type') === 'message/delivery-status') {
          assert.doesNotMatch(status.body, /[^\r\n -~]/);
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test('a very long answer is cut, and a short one is kept word for word', () => {
  const report = (text: string) => {
    const recipients = [{ ...base.recipients[0]!, refusal: raw(text, 'mx.test') }];
    return readReport(buildDsn({ ...base, recipients }).content).parts[1]!.body;
  };
  assert.ok(report('x '.repeat(5000)).length < 4000);
  const folded = report(`5.7.1 ${'policy '.repeat(40)}end`).replaceAll('\r\n ', ' ');
  assert.ok(folded.includes(`Diagnostic-Code: smtp; 550 5.7.1 ${'policy '.repeat(40)}end\r\n`));
});

test('people read an answer with the blanks that it has, as programs do', () => {
  const said = '550 #5.1.0 Address  rejected';
  const recipients = [{ ...base.recipients[0]!, refusal: raw('#5.1.0 Address  rejected', 'mx.test') }];
  const { parts } = readReport(buildDsn({ ...base, recipients }).content);
  for (const part of [parts[0]!, parts[1]!]) assert.ok(part.body.includes(said), part.body);
});

test('an address as long as RFC 5321 allows is never cut', () => {
  const address = `${'l'.repeat(64)}@${'d'.repeat(62)}.${'e'.repeat(62)}.${'f'.repeat(60)}`;
  const { top, parts } = readReport(
    buildDsn({ ...base, sender: address, recipients: [{ ...base.recipients[0]!, address }] }).content,
  );
  assert.equal(valueOf(top, 'To'), `<${address}>`);
  assert.match(parts[0]!.body, new RegExp(`<${address}>`));
  assert.match(parts[1]!.body, new RegExp(address));
});

test('values that are compared keep every blank: addresses, ORCPT, ENVID', () => {
  const address = '"a  b   c"@example.com';
  const dsn = buildDsn({
    ...base,
    sender: '"s  t"@example.org',
    envelopeId: 'a  b;=c',
    recipients: [
      { ...base.recipients[0]!, address, originalRecipient: `rfc822;"${'o  '.repeat(30)}p"@example.com` },
    ],
  });
  const { top, parts } = readReport(dsn.content);
  assert.equal(dsn.recipient, '"s  t"@example.org');
  assert.equal(valueOf(top, 'To'), '<"s  t"@example.org>');
  assert.match(parts[0]!.body, /^ {2}<"a {2}b {3}c"@example\.com>\r$/mu);
  // Unfolded as RFC 5322 2.2.3 says: only line ends are taken out.
  const status = parts[1]!.body.replaceAll(/\r\n(?= )/gu, '');
  assert.match(status, /^Original-Envelope-Id: a {2}b;=c\r$/mu);
  assert.match(status, /^Final-Recipient: rfc822; "a {2}b {3}c"@example\.com\r$/mu);
  assert.ok(status.includes(`Original-Recipient: rfc822; "${'o  '.repeat(30)}p"@example.com\r\n`));
  for (const line of parts[1]!.body.split('\r\n')) assert.doesNotMatch(line, /^ +$/u);
});

test('bidirectional controls reach no part of a report', () => {
  const bidi = '\u202eevil\u2066 \u202a\u2069\u061c\u200f';
  const dsn = buildDsn({
    ...base,
    envelopeId: bidi,
    recipients: [
      { ...base.recipients[0]!, refusal: raw(bidi, bidi) },
      { address: `user${bidi}@example.com`, action: 'failed', status: '5.0.0' },
    ],
  });
  const { parts } = readReport(dsn.content);
  const texts = parts.map((part) =>
    valueOf(part, 'Content-Transfer-Encoding') === 'quoted-printable'
      ? fromQuotedPrintable(part.body)
      : part.body,
  );
  texts.push(Buffer.concat(dsn.content).toString());
  for (const each of texts) assert.doesNotMatch(each, /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
  assert.match(texts[0] ?? '', /evil/);
});
