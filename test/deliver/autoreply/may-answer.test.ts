// Which mail is answered (RFC 3834 2), and that no header, however it is written, breaks the answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { answerText } from '../../../src/deliver/autoreply/answer-text.ts';
import { mayAnswer } from '../../../src/deliver/autoreply/may-answer.ts';
import { parseAddressList } from '../../../src/message/address-list.ts';
import { headerFields } from '../../../src/message/header-fields.ts';
import { isAnswering, spanOf } from '../../../src/directory/autoreply-dates.ts';

const names = ['joe@a.test', 'info@a.test'];

function ask(header: string, sender = 'ann@b.test') {
  return mayAnswer({ sender, names, header: Buffer.from(`${header}\r\n\r\nbody\r\n`) });
}

for (const header of [
  'To: joe@a.test',
  'To: "Joe, the user" <JOE@A.test>',
  'To: others@a.test,\r\n\tinfo@a.test',
  'Cc: joe@a.test',
  'Resent-To: joe@a.test',
  'To: joe@a.test\r\nAuto-Submitted: no',
  'To: joe@a.test\r\nAuto-Submitted: no; x=y',
  'To: joe@a.test\r\nPrecedence: first-class',
  'To: joe@a.test\r\nX-Auto-Response-Suppress: DR, RN',
  'To: joe@a.test\r\nX-Spam-Flag: NO',
])
  test(`is answered: ${JSON.stringify(header)}`, () => {
    assert.equal(ask(header).kind, 'yes');
  });

for (const header of [
  '',
  'To: others@a.test',
  'Bcc: joe@a.test',
  'Subject: joe@a.test',
  ...[
    'Auto-Submitted: auto-replied',
    'Auto-Submitted: auto-generated',
    'Auto-Submitted: nobody',
    'auto-submitted:AUTO-NOTIFIED; owner-email=x',
    'Precedence: bulk',
    'Precedence:  LIST ',
    'Precedence: junk',
    'List-Id: <x.y>',
    'List-Unsubscribe: <mailto:x>',
    'List-Post: NO',
    'X-Auto-Response-Suppress: DR, OOF, AutoReply',
    'X-Auto-Response-Suppress: All',
    'X-Loop: x',
    'X-Spam-Flag: YES',
    'Content-Type: multipart/report; report-type=delivery-status',
    'Return-Path: <>',
  ].map((field) => `To: joe@a.test\r\n${field}`),
])
  test(`is not answered: ${JSON.stringify(header)}`, () => {
    assert.equal(ask(header).kind, 'no');
  });

for (const sender of [
  '',
  'joe@a.test',
  'INFO@a.test',
  'owner-list@b.test',
  'list-owner@b.test',
  'list-request@b.test',
  'MAILER-DAEMON@b.test',
  'mailer-daemon',
  'no-reply@b.test',
  'noreply@b.test',
  'bounce+x=a.test@b.test',
  'list-bounces@b.test',
  'list-bounces+joe=a.test@b.test',
  '@b.test',
])
  test(`nobody answers the sender ${JSON.stringify(sender)}`, () => {
    assert.equal(ask('To: joe@a.test', sender).kind, 'no');
  });

test('an answer is one message, whatever the header and the text of the user', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  const ids = fc.array(
    fc.string({ maxLength: 100 }).map((each) => `<${each}@x>`),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(text, ids, text, fc.option(text, { nil: undefined }), (subject, references, body, own) => {
      const folded = subject.replaceAll(/[\r\n]+/gu, '\r\n ');
      const header = `To: joe@a.test\r\nSubject: ${folded}\r\nMessage-ID: <m@b>\r\nReferences: ${references.join('\r\n ').replaceAll(/\r?\n(?! )/gu, ' ')}`;
      const about = ask(header);
      if (about.kind === 'no') return;
      const autoreply = {
        text: body === '' ? 'x' : body,
        ...(own !== undefined && own !== '' && { subject: own }),
      };
      const answer = answerText({ autoreply, from: 'joe@a.test', to: 'ann@b.test', about, nowMs: 0 });
      const fields = [...headerFields(Buffer.from(answer))].map(({ name }) => name);
      assert.equal(new Set(fields).size, fields.length);
      assert.ok(fields.length >= 10 && fields.length <= 12, fields.join(' '));
      assert.deepEqual(fields.slice(0, 5), ['from', 'to', 'subject', 'date', 'message-id']);
      // eslint-disable-next-line no-control-regex -- ASCII
      assert.match(answer, /^[\x00-\x7f]*$/);
      for (const line of answer.split('\r\n')) assert.ok(line.length <= 998 && !/[\r\n]/u.test(line));
      const [, to = ''] = /^To: (.*)\r$/mu.exec(answer) ?? [];
      assert.deepEqual(parseAddressList(to, '').addresses, ['ann@b.test']);
    }),
  );
});

test('an answer can begin and end on days and minutes of this host', () => {
  const at = (text: string): number => new Date(text).getTime();
  const days = { from: '2026-12-24', until: '2026-12-26' };
  assert.equal(isAnswering(days, at('2026-12-23T23:59:59')), false);
  assert.equal(isAnswering(days, at('2026-12-24T00:00:00')), true);
  assert.equal(isAnswering(days, at('2026-12-26T23:59:59')), true);
  assert.equal(isAnswering(days, at('2026-12-27T00:00:00')), false);
  assert.equal(isAnswering({ from: '2026-12-24T18:00' }, at('2026-12-24T17:59:59')), false);
  assert.equal(isAnswering({ until: '2026-12-24T18:00' }, at('2026-12-24T18:00:59')), true);
  assert.equal(isAnswering({ until: '2026-12-24T18:00' }, at('2026-12-24T18:01:00')), false);
  assert.equal(isAnswering({}, 0), true);
  for (const text of [
    '',
    'x',
    '2026-2-3',
    '2026-02-31',
    '2026-13-01',
    '2026-01-01T24:00',
    '2026-01-01T10:60',
    '2026-01-01 ',
  ])
    assert.equal(spanOf(text), undefined, text);
});
