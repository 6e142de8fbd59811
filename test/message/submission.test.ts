// Messages of local programs: recipients, missing fields, line ends.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { LineEndings } from '../../src/message/line-endings.ts';
import type { SubmissionOptions } from '../../src/message/submission.ts';
import { prepareSubmission } from '../../src/message/submission.ts';

const usualOptions: SubmissionOptions = {
  fromAddress: 'cron@host.example',
  fromName: '',
  hostname: 'host.example',
  nowMs: Date.UTC(2026, 10, 22, 14, 6, 24),
};
const id = /Message-ID: <[a-z0-9.]+@host\.example>\r\n/;

function prepare(message: string, options: Partial<SubmissionOptions> = {}) {
  const { content, ...rest } = prepareSubmission(Buffer.from(message), { ...usualOptions, ...options });
  return { text: Buffer.concat(content).toString(), ...rest };
}

test('missing From, Date and Message-ID are added below the fields that are there', () => {
  const { text } = prepare('To: a@b\r\nSubject: x\r\n\r\nbody\r\n');
  assert.match(text, id);
  assert.equal(
    text.replace(id, ''),
    'To: a@b\r\nSubject: x\r\nFrom: cron@host.example\r\nDate: Sun, 22 Nov 2026 14:06:24 +0000\r\n\r\nbody\r\n',
  );
});

test('a message that has everything stays as it is', () => {
  const message = 'from : a@b\r\nDATE: x\r\nMessage-Id:\r\n <x@y>\r\n\r\nbody\r\nBcc: no field\r\n';
  assert.equal(prepare(message).text, message);
});

test('a text without header fields becomes the body', () => {
  const { text } = prepare('hello world: no field\r\n');
  assert.equal(
    text.replace(id, ''),
    'From: cron@host.example\r\nDate: Sun, 22 Nov 2026 14:06:24 +0000\r\n\r\nhello world: no field\r\n',
  );
  assert.ok(prepare('').text.endsWith('\r\n\r\n'));
});

test('a header block that runs into the body gets its empty line', () => {
  assert.ok(prepare('Subject: x\r\nbody begins\r\n').text.endsWith('\r\n\r\nbody begins\r\n'));
});

test('recipients of To, Cc and Bcc, each once; Bcc is removed', () => {
  const { text, recipients, invalidRecipients } = prepare(
    'Bcc: secret@x\r\nTo: a@b, root,\r\n c@d\r\nbcc: also@x,\r\n\tmore@x\r\nCC: a@b, two words\r\nSubject: y\r\n\r\nBcc: body\r\n',
  );
  assert.deepEqual(recipients, ['secret@x', 'a@b', 'root@host.example', 'c@d', 'also@x', 'more@x']);
  assert.deepEqual(invalidRecipients, ['two words']);
  assert.ok(text.startsWith('To: a@b, root,\r\n c@d\r\nCC: a@b, two words\r\nSubject: y\r\nFrom:'));
  assert.ok(text.endsWith('\r\n\r\nBcc: body\r\n'));
});

test('a message that was resent goes to whom it was resent', () => {
  const { recipients } = prepare('Resent-To: new@x\r\nResent-Bcc: dark@x\r\nTo: old@x\r\n\r\n');
  assert.deepEqual(recipients, ['new@x', 'dark@x']);
});

test('the From line of a mailbox file is dropped', () => {
  assert.ok(
    prepare('From me Mon Jan 1\r\nSubject: x\r\n\r\nFrom here\r\n').text.startsWith(
      'Subject: x\r\nFrom: cron',
    ),
  );
});

test('display names: atoms, quoted string, encoded words', () => {
  const from = (fromName: string) => /From: (.*?)\r\nDate/s.exec(prepare('', { fromName }).text)?.[1];
  assert.equal(from('Cron Daemon'), 'Cron Daemon <cron@host.example>');
  assert.equal(from('J. "X" \\ Doe'), '"J. \\"X\\" \\\\ Doe" <cron@host.example>');
  assert.equal(from('Jürg\r\nBcc: x'), '=?utf-8?B?SsO8cmcgIEJjYzogeA==?= <cron@host.example>');
  for (const word of from('é'.repeat(100))?.split('\r\n ') ?? [])
    assert.ok(word.split(' <')[0]!.length <= 75);
});

function convert(pieces: readonly string[], dotEnds = false): string {
  const endings = new LineEndings(dotEnds);
  const out = pieces.map((piece) => endings.convert(Buffer.from(piece, 'latin1')));
  return Buffer.concat([...out, endings.finish()]).toString('latin1');
}

test('LF and CRs before it become CRLF, and so do CRs at the end, however the text is cut', () => {
  const text = fc.array(fc.constantFrom('\r', '\n', '\r\n', 'a', '.', '\0', 'long line'), { maxLength: 30 });
  fc.assert(
    fc.property(text, (parts) => {
      const whole = parts.join('');
      const unix = whole.replaceAll(/\r*\n/g, '\n').replace(/\r+$/, '\n').replaceAll(/\r+/g, '\r');
      const expected = (unix === '' || unix.endsWith('\n') ? unix : `${unix}\n`).replaceAll('\n', '\r\n');
      assert.equal(convert(parts), expected);
      assert.equal(convert([...whole]), expected);
    }),
  );
});

test('a line with a dot alone ends the text where that is asked for', () => {
  for (const text of ['a\n.\nb\n', 'a\r\n.\r\nb', 'a\n.', 'a\r\r\n.\r\r\nb\r\r\n', 'a\n.\r']) {
    assert.equal(convert([text], true), 'a\r\n', JSON.stringify(text));
    assert.equal(convert([...text], true), 'a\r\n', JSON.stringify(text));
  }
  assert.equal(convert(['..\n.a\n. \na.\n'], true), '..\r\n.a\r\n. \r\na.\r\n');
  assert.equal(convert(['a\r.\rb\n.\rc\n'], true), 'a\r.\rb\r\n.\rc\r\n');
  assert.equal(convert(['a\n.\nb\n']), 'a\r\n.\r\nb\r\n');
});

test('a CR in a header field begins no other field, and the field is named as broken', () => {
  for (const [message, field] of [
    ['To: a@b\r\nSubject: hello\rBcc: victim@x\r\n\r\nbody\r\n', 'subject'],
    ['To: a@b\r\nX: y\r\rBcc: victim@x\r\n\r\nbody\r\n', 'x'],
    ['To: a@b\r\nX: y\r\n \rBcc: victim@x\r\n\r\nbody\r\n', 'x'],
  ] as const) {
    const { recipients, brokenField } = prepare(message);
    assert.deepEqual(recipients, ['a@b']);
    assert.equal(brokenField, field);
  }
  // RFC 5322 2.2: what begins with a CR is no field, and ends the header.
  const { text, recipients, brokenField } = prepare('To: a@b\r\n\rBcc: victim@x\r\n\r\nbody\r\n');
  assert.deepEqual(recipients, ['a@b']);
  assert.equal(brokenField, undefined);
  assert.ok(text.endsWith('\r\n\r\n\r\nBcc: victim@x\r\n\r\nbody\r\n'));
});

test('a CR in the body becomes a line end', () => {
  const { text, brokenField } = prepare('Subject: x\r\n\r\n10%\r50%\r100%\r\n\rend\r\n');
  assert.ok(text.endsWith('\r\n\r\n10%\r\n50%\r\n100%\r\n\r\nend\r\n'));
  assert.equal(brokenField, undefined);
  assert.ok(prepare('no header 10%\r20%\r\n').text.endsWith('\r\n\r\nno header 10%\r\n20%\r\n'));
});
