// Commands in the forms of devices and old programs: accepted from clients that may relay, refused from other clients (RFC 5321 4.1.1).

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import type { Leniency } from '../../../../src/protocol/smtp/server/server-types.ts';
import { codes, drive } from './drive.ts';

const odd: Leniency = { oddCommands: true, defaultDomain: '' };
const completing: Leniency = { oddCommands: true, defaultDomain: 'mx.example' };
const strict: Leniency = { oddCommands: false, defaultDomain: '' };

function lastOf(bytes: string, leniency: Leniency): string {
  const { events, output } = drive([Buffer.from(bytes, 'utf8')], {}, undefined, leniency);
  const replies = codes(output);
  return replies.length - 1 === events.length ? (events.at(-1) ?? '') : (replies.at(-1) ?? '');
}

const hello: readonly (readonly [line: string, event: string])[] = [
  ['HELO', 'helo '],
  ['EHLO ', 'ehlo '],
  ['EHLO Some Tool 9.0', 'ehlo Some Tool 9.0'],
];

for (const [line, event] of hello) {
  test(`${JSON.stringify(line)}`, () => {
    assert.equal(lastOf(`${line}\r\n`, odd), event);
    assert.equal(lastOf(`${line}\r\n`, strict), '501 5.5.4');
  });
}

const mail: readonly (readonly [line: string, event: string])[] = [
  ['MAIL FROM:a@b.test', 'mail <a@b.test>'],
  ['MAIL FROM: a@b.test  SIZE=5', 'mail <a@b.test> {"sizeBytes":5}'],
  ['MAIL  FROM:<a@b.test>', 'mail <a@b.test>'],
  ['MAIL FROM :<a@b.test> SIZE=5', 'mail <a@b.test> {"sizeBytes":5}'],
  ['mail  from  :  a@b.test', 'mail <a@b.test>'],
  ['MAIL FROM:< a@b.test >', 'mail <a@b.test>'],
  ['MAIL FROM:<a@b.test > SIZE=5', 'mail <a@b.test> {"sizeBytes":5}'],
  ['MAIL FROM:< >', 'mail <>'],
];

for (const [line, event] of mail) {
  test(`${line}`, () => {
    assert.equal(lastOf(`EHLO c\r\n${line}\r\n`, odd), event);
    assert.match(lastOf(`EHLO c\r\n${line}\r\n`, strict), /^501 5\./);
    const rcpt = line
      .replace(/mail/i, 'RCPT')
      .replace(/from/i, 'TO')
      .replace(/ *SIZE=5/, '');
    const expected = event === 'mail <>' ? '501 5.1.3' : 'rcpt <a@b.test>';
    assert.equal(lastOf(`EHLO c\r\nMAIL FROM:<>\r\n${rcpt}\r\n`, odd), expected);
  });
}

for (const line of [
  'MAIL FROM:',
  'MAIL FROM:a@',
  'MAIL FROM:a@b.test>',
  'MAIL FROM:<a@b.test',
  'MAIL FROM:"A B" <a@b.test>',
  'MAIL FROM:Joe <a@b.test>',
  'MAIL FROM:< a b@c.test >',
  'MAIL FROM:<a@b.test>SIZE=5',
  'MAIL FROM a@b.test',
  'MAILFROM:<a@b.test>',
]) {
  test(`${line} is refused from everyone`, () => {
    for (const leniency of [odd, completing, strict]) {
      assert.match(lastOf(`EHLO c\r\n${line}\r\n`, leniency), /^50[01] 5\./);
    }
  });
}

test('well-formed commands mean the same to strict and lenient sessions', () => {
  for (const path of ['<"x >y"@b.test>', '<" >"@b.test>', '<@r.test:a@b.test>', '<>']) {
    const line = `EHLO c\r\nMAIL FROM:${path} SIZE=5\r\n`;
    assert.equal(lastOf(line, completing), lastOf(line, strict));
    assert.match(lastOf(line, strict), /^mail /);
  }
});

test('where mail is completed, an address without a domain gets one', () => {
  for (const [path, address] of [
    ['<scanner>', 'scanner@mx.example'],
    ['scanner', 'scanner@mx.example'],
    ['< scanner >', 'scanner@mx.example'],
    ['<"my scanner">', '"my scanner"@mx.example'],
    ['<postmaster>', 'postmaster@mx.example'],
  ]) {
    assert.equal(
      lastOf(`EHLO c\r\nMAIL FROM:${path} SIZE=5\r\n`, completing),
      `mail <${address}> {"sizeBytes":5}`,
    );
    assert.match(lastOf(`EHLO c\r\nMAIL FROM:${path}\r\n`, odd), /^501 5\.1\.7/);
  }
  const rcpt = (path: string): string => lastOf(`EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:${path}\r\n`, completing);
  assert.equal(rcpt('<root>'), 'rcpt <root@mx.example>');
  // RFC 5321 4.5.1: whose this one is, is not for the session to say.
  assert.equal(rcpt('<Postmaster>'), 'rcpt <Postmaster>');
  assert.equal(rcpt('<jürg>'), '553 5.6.7');
  assert.equal(rcpt('<root@>'), '501 5.1.3');
});
