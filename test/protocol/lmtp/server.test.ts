// LMTP, server side (RFC 2033): what differs from SMTP.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Reply } from '../../../src/protocol/smtp/server/server-types.ts';
import { type Answers, drive } from '../smtp/server/drive.ts';

const mail = 'LHLO client.example\r\nMAIL FROM:<a@client.example>\r\n';
const threeRecipients = 'RCPT TO:<b@x.example>\r\nRCPT TO:<c@x.example>\r\nRCPT TO:<b@x.example>\r\n';
const content = 'Subject: hi\r\n\r\nHello\r\n.\r\n';

const unknown: Reply = { code: 550, enhanced: '5.1.1', text: 'No such mailbox' };
const later: Reply = { code: 452, enhanced: '4.3.1', text: 'No room' };

/** The replies after the greeting and the answer to LHLO. */
function replies(input: string | readonly string[], answers?: Answers, options = {}): string[] {
  const { output } = drive([input].flat(), { protocol: 'lmtp', ...options }, answers);
  return output
    .split('\r\n')
    .slice(1, -1)
    .filter((line) => !line.startsWith('250-') && line !== '250 HELP');
}

test('LHLO has the answer of EHLO; EHLO and HELO are refused', () => {
  const { events, output } = drive(['EHLO a.example\r\nHELO a.example\r\nLHLO a.example\r\n'], {
    protocol: 'lmtp',
  });
  assert.deepEqual(events, ['ehlo a.example']);
  assert.match(
    output,
    /^220 .*\r\n500 5\.5\.1 This is LMTP: say LHLO\r\n500 5\.5\.1 .*\r\n250-mx\.example\r\n250-PIPELINING/u,
  );
});

test('LHLO is no command of SMTP', () => {
  const { events, output } = drive(['LHLO a.example\r\n']);
  assert.deepEqual(events, []);
  assert.match(output, /\r\n500 5\.5\.2 Command not recognized\r\n$/u);
});

test('the end of the message is answered for each accepted RCPT, also for those of one address', () => {
  const answers: Answers = (event) =>
    event.kind === 'rcpt' && event.forwardPath.startsWith('c@')
      ? unknown
      : event.kind === 'end'
        ? 'queued as A1'
        : undefined;
  assert.deepEqual(replies(`${mail}${threeRecipients}DATA\r\n${content}QUIT\r\n`, answers), [
    '250 2.1.0 Sender ok',
    '250 2.1.5 Recipient ok',
    '550 5.1.1 No such mailbox',
    '250 2.1.5 Recipient ok',
    '354 End data with <CR><LF>.<CR><LF>',
    '250 2.0.0 queued as A1',
    '250 2.0.0 queued as A1',
    '221 2.0.0 mx.example closing the connection',
  ]);
});

test('a refusal of the message is repeated for each recipient', () => {
  const said = replies(`${mail}${threeRecipients}DATA\r\n${content}NOOP\r\n`, ({ kind }) =>
    kind === 'end' ? later : undefined,
  );
  assert.deepEqual(said.slice(5), [...Array<string>(3).fill('452 4.3.1 No room'), '250 2.0.0 Ok']);
});

test('content that the session itself refuses is answered for each recipient', () => {
  const said = replies(`${mail}${threeRecipients}DATA\r\nbare\nline\r\n.\r\nNOOP\r\n`);
  assert.equal(said.filter((line) => line.startsWith('550 5.6.0 ')).length, 3);
  assert.equal(said.at(-1), '250 2.0.0 Ok');
});

test('DATA without a recipient is answered 503', () => {
  assert.equal(replies(`${mail}DATA\r\n`).at(-1), '503 5.5.1 No valid recipients');
});

test('DATA that is refused has one reply', () => {
  const said = replies(`${mail}${threeRecipients}DATA\r\nNOOP\r\n`, ({ kind }) =>
    kind === 'data' ? later : undefined,
  );
  assert.deepEqual(said.slice(4), ['452 4.3.1 No room', '250 2.0.0 Ok']);
});

test('chunks have one reply each, and the last one a reply for each recipient', () => {
  const said = replies(`${mail}${threeRecipients}BDAT 3\r\na\r\nBDAT 3 LAST\r\nb\r\nNOOP\r\n`);
  assert.deepEqual(said.slice(4), ['250 2.0.0 Chunk ok', ...Array<string>(4).fill('250 2.0.0 Ok')]);
});

test('a last chunk that is refused is answered for each recipient', () => {
  const said = replies(`${mail}${threeRecipients}BDAT 3 LAST\r\na\r\nNOOP\r\n`, ({ kind }) =>
    kind === 'data' ? later : undefined,
  );
  assert.deepEqual(said.slice(4), [...Array<string>(3).fill('452 4.3.1 No room'), '250 2.0.0 Ok']);
});

test('replies to recipients of a refused message end the session when they are too many', () => {
  const said = replies(`${mail}${threeRecipients}DATA\r\nbare\nline\r\n.\r\nNOOP\r\n`, undefined, {
    maxErrors: 3,
  });
  assert.deepEqual(
    said.slice(5).map((line) => line.slice(0, 3)),
    ['550', '550', '550', '421'],
  );
});

test('how the bytes were cut changes no reply', () => {
  const input = `${mail}${threeRecipients}DATA\r\n${content}${mail}BDAT 1 LAST\r\naRSET\r\nEHLO x\r\nQUIT\r\n`;
  const whole = drive([input], { protocol: 'lmtp' });
  fc.assert(
    fc.property(fc.array(fc.nat(input.length), { maxLength: 8 }), (places) => {
      const cuts = [0, ...places.toSorted((a, b) => a - b), input.length];
      const chunks = cuts.slice(1).map((end, index) => input.slice(cuts[index], end));
      const { output, events } = drive(chunks, { protocol: 'lmtp' });
      assert.equal(output, whole.output);
      assert.deepEqual(events, whole.events);
    }),
  );
});
