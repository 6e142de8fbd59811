// Parameters of MAIL and RCPT: the values that are understood, and the replies to others.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { codes, drive, usualOptions } from './drive.ts';

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** MAIL with these arguments: the event, or the refusing code. */
const mail: readonly (readonly [args: string, expected: string])[] = [
  ['<a@b>', 'mail <a@b>'],
  [' <a@b>', 'mail <a@b>'],
  ['<>', 'mail <>'],
  ['<@relay.example,@two.example:a@b>', 'mail <a@b>'],
  ['<"a b\\"c"@[IPv6:2001:db8::1]>', 'mail <"a b\\"c"@[IPv6:2001:db8::1]>'],
  ['<a@b> SIZE=1000', 'mail <a@b> {"sizeBytes":1000}'],
  ['<a@b> size=0', 'mail <a@b>'],
  ['<a@b>  SIZE=1   BODY=8bitmime ', 'mail <a@b> {"sizeBytes":1,"body":"8BITMIME"}'],
  ['<a@b> BODY=7BIT', 'mail <a@b>'],
  ['<a@b> SMTPUTF8', 'mail <a@b> {"smtpUtf8":true}'],
  ['<a@b> RET=hdrs ENVID=QQ+2B1+3D', 'mail <a@b> {"ret":"HDRS","envelopeId":"QQ+1="}'],
  ['<a@b> RET=FULL', 'mail <a@b> {"ret":"FULL"}'],
  ['<a@b> AUTH=e+3Dmc2@example.com', 'mail <a@b> {"auth":"e=mc2@example.com"}'],
  ['<a@b> AUTH=<>', 'mail <a@b> {"auth":"<>"}'],
  ['<a@b> SIZE=1001', '552 5.3.4'],
  ['<a@b> SIZE=99999999999999999999', '552 5.3.4'],
  ['<a@b> SIZE', '501 5.5.4'],
  ['<a@b> SIZE=', '501 5.5.4'],
  ['<a@b> SIZE=-1', '501 5.5.4'],
  ['<a@b> SIZE=123456789012345678901', '501 5.5.4'],
  ['<a@b> SIZE=1 SIZE=2', '501 5.5.4'],
  ['<a@b> BODY=9BIT', '501 5.5.4'],
  ['<a@b> BODY=BINARYMIME', '555 5.5.4'],
  ['<a@b> SMTPUTF8=yes', '501 5.5.4'],
  ['<a@b> RET=ALL', 'mail <a@b>'],
  ['<a@b> ENVID', 'mail <a@b>'],
  ['<a@b> ENVID=a+4', 'mail <a@b> {"envelopeId":"a+4"}'],
  ['<a@b> ENVID=', 'mail <a@b>'],
  // It would be longer than allowed once it is encoded.
  [`<a@b> ENVID=${'='.repeat(34)}`, 'mail <a@b>'],
  ['<a@b> ENVID=PGFiY0BkPg==', 'mail <a@b> {"envelopeId":"PGFiY0BkPg=="}'],
  ['<a@b> ENVID=a+2bb', 'mail <a@b> {"envelopeId":"a+b"}'],
  ['<a@b> ENVID=<abc@d.test>', 'mail <a@b> {"envelopeId":"<abc@d.test>"}'],
  ['<a@b> ENVID=a+0D+0Ab', 'mail <a@b>'],
  ['<a@b> ENVID=a+0d=b', 'mail <a@b>'],
  [`<a@b> ENVID=${'x'.repeat(101)}`, 'mail <a@b>'],
  ['<a@b> AUTH=nobody', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=3', 'mail <a@b> {"priority":3}'],
  ['<a@b> mt-priority=-9 SIZE=1', 'mail <a@b> {"sizeBytes":1,"priority":-9}'],
  ['<a@b> MT-PRIORITY=0', 'mail <a@b> {"priority":0}'],
  ['<a@b> MT-PRIORITY=10', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=-10', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=+3', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=03', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=-0', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=1.5', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=high', '501 5.5.4'],
  ['<a@b> MT-PRIORITY', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=', '501 5.5.4'],
  ['<a@b> MT-PRIORITY=1 MT-PRIORITY=1', '501 5.5.4'],
  ['<a@b> FOO=BAR', '555 5.5.4'],
  ['<a@b> NOTIFY=NEVER', '555 5.5.4'],
  ['<a@b> =x', '501 5.5.4'],
  ['<a@b> SIZE=1=2', '501 5.5.4'],
  ['<a@b>SIZE=1', '501 5.5.4'],
  ['a@b', '501 5.5.4'],
  ['', '501 5.5.4'],
  ['<a@b', '501 5.5.4'],
  ['<a>', '501 5.1.7'],
  ['<postmaster>', '501 5.1.7'],
  ['<a b@c>', '501 5.1.7'],
  ['<a@b_c>', 'mail <a@b_c>'],
  ['<a@b.c.>', 'mail <a@b.c>'],
  [`<${'x'.repeat(200)}@b>`, `mail <${'x'.repeat(200)}@b>`],
  [latin1('<jürg@b>'), '553 5.6.7'],
  [latin1('<jürg@bücher.example> SMTPUTF8'), `mail <jürg@bücher.example> {"smtpUtf8":true}`],
];

for (const [args, expected] of mail) {
  test(`MAIL FROM:${args} -> ${expected}`, () => {
    const { events, output } = drive([`EHLO c\r\nMAIL FROM:${args}\r\n`], { maxMessageBytes: 1000 });
    assert.equal(events[1] ?? codes(output).at(-1), expected);
  });
}

/** RCPT with these arguments, after a MAIL without SMTPUTF8. */
const rcptCases: readonly (readonly [args: string, expected: string])[] = [
  ['<a@b>', 'rcpt <a@b>'],
  ['<POSTMASTER>', 'rcpt <POSTMASTER>'],
  [
    '<a@b> NOTIFY=NEVER',
    'rcpt <a@b> {"notify":{"never":true,"success":false,"failure":false,"delay":false}}',
  ],
  [
    '<a@b> notify=Success,DELAY',
    'rcpt <a@b> {"notify":{"never":false,"success":true,"failure":false,"delay":true}}',
  ],
  [
    '<a@b> NOTIFY=FAILURE',
    'rcpt <a@b> {"notify":{"never":false,"success":false,"failure":true,"delay":false}}',
  ],
  ['<a@b> ORCPT=rfc822;a+2Bc@b', 'rcpt <a@b> {"originalRecipient":"rfc822;a+c@b"}'],
  ['<a@b> ORCPT=utf-8;j\\x{FC}rg@b', 'rcpt <a@b> {"originalRecipient":"utf-8;j\\\\x{FC}rg@b"}'],
  ['<a@b> NOTIFY', 'rcpt <a@b>'],
  [
    '<a@b> NOTIFY=NEVER,SUCCESS',
    'rcpt <a@b> {"notify":{"never":false,"success":true,"failure":false,"delay":false}}',
  ],
  [
    '<a@b> NOTIFY=SUCCESS,,FAILURE,',
    'rcpt <a@b> {"notify":{"never":false,"success":true,"failure":true,"delay":false}}',
  ],
  ['<a@b> NOTIFY=SOMETIMES', 'rcpt <a@b>'],
  ['<a@b> NOTIFY=DELAY NOTIFY=DELAY', '501 5.5.4'],
  ['<a@b> ORCPT=a@b', 'rcpt <a@b> {"originalRecipient":"rfc822;a@b"}'],
  ['<a@b> ORCPT=root', 'rcpt <a@b>'],
  ['<a@b> ORCPT=rfc822;root', 'rcpt <a@b> {"originalRecipient":"rfc822;root"}'],
  ['<a@b> ORCPT=rfc822;user+tag@b', 'rcpt <a@b> {"originalRecipient":"rfc822;user+tag@b"}'],
  ['<a@b> ORCPT=rfc822;a+2bb@c', 'rcpt <a@b> {"originalRecipient":"rfc822;a+b@c"}'],
  ['<a@b> ORCPT=;a@b', 'rcpt <a@b>'],
  ['<a@b> ORCPT=rfc822;', 'rcpt <a@b>'],
  ['<a@b> ORCPT=rfc822;+0A', 'rcpt <a@b>'],
  ['<a@b> ORCPT=rfc822;a+0aBcc:+20x', 'rcpt <a@b>'],
  ['<a@b> ORCPT=rfc822;+4', 'rcpt <a@b> {"originalRecipient":"rfc822;+4"}'],
  [`<a@b> ORCPT=rfc822;${'x'.repeat(500)}`, 'rcpt <a@b>'],
  [latin1('<a@b> ORCPT=utf-8;jürg@b'), 'rcpt <a@b>'],
  ['<a@b> SIZE=1', '555 5.5.4'],
  ['<>', '501 5.1.3'],
  ['<a@>', '501 5.1.3'],
  [latin1('<jürg@b>'), '553 5.6.7'],
  ['<a@b>x', '501 5.5.4'],
  ['<a@b>>', '501 5.5.4'],
];

for (const [args, expected] of rcptCases) {
  test(`RCPT TO:${args} -> ${expected}`, () => {
    const { events, output } = drive([`EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:${args}\r\n`]);
    assert.equal(events[2] ?? codes(output).at(-1), expected);
  });
}

test('with SMTPUTF8, recipients and the original recipient may be international, and so may replies', () => {
  const { events, output } = drive(
    [latin1('EHLO c\r\nMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<jürg@b> ORCPT=utf-8;jürg@b\r\n')],
    {},
    (event) => (event.kind === 'rcpt' ? { code: 550, enhanced: '5.1.1', text: 'Kein jürg' } : undefined),
  );
  assert.equal(events[2], 'rcpt <jürg@b> {"originalRecipient":"utf-8;jürg@b"}');
  assert.ok(output.endsWith(latin1('550 5.1.1 Kein jürg\r\n')));
});

test('without SMTPUTF8, replies are ASCII', () => {
  const { output } = drive(['EHLO c\r\nMAIL FROM:<>\r\n'], {}, (event) =>
    event.kind === 'mail' ? { code: 550, text: 'Ä😀\r\n250 ok' } : undefined,
  );
  assert.ok(output.endsWith('550 ?? 250 ok\r\n'));
});

test('bytes that are not UTF-8 are refused', () => {
  const { events, output } = drive(['EHLO c\r\nMAIL FROM:<j\xfcrg@b> SMTPUTF8\r\n']);
  assert.deepEqual(events, ['ehlo c']);
  assert.equal(codes(output).at(-1), '500 5.5.2');
});

test('parameters of extensions that are switched off are not recognized', () => {
  const none = {
    ...usualOptions.extensions,
    smtpUtf8: false,
    eightBitMime: false,
    dsn: false,
    size: false,
    chunking: false,
    mtPriority: false,
  };
  for (const parameter of ['SIZE=1', 'BODY=8BITMIME', 'SMTPUTF8', 'RET=FULL', 'ENVID=x', 'MT-PRIORITY=1']) {
    const { output } = drive([`EHLO c\r\nMAIL FROM:<> ${parameter}\r\n`], { extensions: none });
    assert.equal(codes(output).at(-1), '555 5.5.4', parameter);
  }
  const rcpt = drive(['EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b> NOTIFY=NEVER\r\n'], { extensions: none });
  assert.equal(codes(rcpt.output).at(-1), '555 5.5.4');
  const bdat = drive(['EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n'], {
    extensions: none,
  });
  assert.deepEqual(codes(bdat.output).slice(-2), ['502 5.5.1', '250 2.0.0']);
});

test('a command line may have exactly the longest length', () => {
  const line = (bytes: number): string => `NOOP ${'x'.repeat(bytes - 7)}\r\n`;
  for (const tooLong of [line(65), line(66)]) {
    const { output } = drive([line(64), line(64), tooLong, line(64)], { maxCommandLineBytes: 64 });
    assert.deepEqual(codes(output).slice(1), ['250 2.0.0', '250 2.0.0', '500 5.5.2']);
  }
});

test('a long reply is wrapped into lines of at most 512 octets', () => {
  const { output } = drive(['EHLO c\r\nMAIL FROM:<>\r\n'], {}, (event) =>
    event.kind === 'mail'
      ? { code: 550, enhanced: '5.7.1', text: 'word '.repeat(300) + 'x'.repeat(700) }
      : undefined,
  );
  const lines = output.split('\r\n').filter((line) => line.startsWith('550'));
  assert.ok(lines.length >= 5);
  for (const [index, line] of lines.entries()) {
    assert.ok(line.length <= 510);
    assert.match(line, index === lines.length - 1 ? /^550 5\.7\.1 / : /^550-5\.7\.1 /);
  }
  assert.equal(
    lines
      .map((line) => line.slice(10))
      .join('')
      .replaceAll(' ', ''),
    'word'.repeat(300) + 'x'.repeat(700),
  );
});

test('too many parameters are refused without being compared', () => {
  const many = Array.from({ length: 33 }, (_, index) => `X${index}=1`).join(' ');
  assert.deepEqual(codes(drive([`EHLO c\r\nMAIL FROM:<a@b> ${many}\r\n`]).output).at(-1), '501 5.5.4');
});
