// Content that a server could run as commands which name recipients never leaves ahead of the replies to RCPT.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesRecipients } from '../../src/deliver/smtp/names-recipients.ts';
import { fixture } from './fixture.ts';

const names = (content: string): boolean => namesRecipients(Buffer.from(content, 'latin1'));

test('a line that begins with RCPT is found, however it is written', () => {
  for (const content of [
    'RCPT TO:<a@b>\r\n',
    'Subject: x\r\n\r\nrcpt to:<a@b>\r\n',
    'x\nRcPt TO:<a@b>',
    'x\rRCPT',
    'x\r\n \t rcpt',
    '\r\n\r\nRCPT',
  ]) {
    assert.equal(names(content), true, JSON.stringify(content));
  }
});

test('other content is not', () => {
  for (const content of [
    '',
    'Subject: RCPT TO\r\n',
    'x\r\nRCP',
    'xRCPT',
    'RC\r\nPT',
    '\u0012CPT',
    'MAIL\r\n',
  ]) {
    assert.equal(names(content), false, JSON.stringify(content));
  }
});

test('such a message goes by DATA, where the server asks for the content', async (t) => {
  const { server, spool, connect } = await fixture(t);
  connect(spool.add({ to: ['b@to.test'], content: 'Subject: x\r\n\r\nRSET\r\nRCPT TO:<evil@to.test>\r\n' }));
  const peer = await server.accept();
  await peer.hello('PIPELINING', 'CHUNKING');
  await peer.dialogue(
    ['MAIL FROM:<a@from.test>', '250 ok'],
    ['RCPT TO:<b@to.test>', '550 5.1.1 no'],
    ['DATA', '554 nobody'],
    ['RSET'],
  );
  assert.equal(peer.received.includes('evil'), false);
});
