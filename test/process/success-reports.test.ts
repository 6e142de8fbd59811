// Reports of success that a sender asked for (NOTIFY=SUCCESS), with Sluice as a program: what they say depends on what the server
// that took the mail speaks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { startMailboxServer } from '../deliver/mailbox-server.ts';
import { destination, send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

for (const at of ['unix', 'tcp'] as const) {
  test(`what an LMTP server (${at}) has put into a mailbox is reported as delivered, with what failed there`, async (t) => {
    const ground = Ground.of(t);
    const mailboxes = await startMailboxServer(t, 'lmtp', at);
    const { endpoint } = mailboxes;
    const server = endpoint.kind === 'unix' ? `unix:${endpoint.path}` : `127.0.0.1:${endpoint.port}`;
    const sender = await destination(ground);
    const sluice = await startSluice(ground, {
      config: {
        hostname: 'sluice.test',
        route: [
          { domain: ['box.test'], lmtp: [server] },
          { domain: ['from.test'], relay: [`127.0.0.1:${sender.port}`] },
        ],
      },
    });
    await send(sluice.port, {
      from: 'me@from.test',
      to: ['a@box.test', 'full@box.test', 'b@box.test'],
      content,
      rcptParameters: ' NOTIFY=SUCCESS,FAILURE',
    });
    await until('the report arrives', () => sender.messages.length > 0);
    assert.equal(sender.messages.length, 1);
    const text = sender.messages[0]!.content.toString();
    const fields = [...text.matchAll(/^Final-Recipient: rfc822; (.*)\r\nAction: (.*)\r\nStatus: (.*)\r$/gmu)];
    assert.deepEqual(
      fields.map(([, ...found]) => found),
      [
        ['a@box.test', 'delivered', '2.0.0'],
        ['full@box.test', 'failed', '5.2.2'],
        ['b@box.test', 'delivered', '2.0.0'],
      ],
    );
    assert.match(text, /^Your message was delivered to the following addresses\.\r$/mu);
    assert.doesNotMatch(text, /handed on/u);
    // The path of a socket is nobody's business.
    assert.match(
      text,
      at === 'unix' ? /^Remote-MTA: dns; sluice\.test\r$/mu : /^Remote-MTA: dns; 127\.0\.0\.1\r$/mu,
    );
  });
}

test('what an SMTP server without DSN has taken is reported as relayed', async (t) => {
  const ground = Ground.of(t);
  const { endpoint } = await startMailboxServer(t, 'smtp', 'tcp');
  assert.ok(endpoint.kind === 'tcp');
  const sender = await destination(ground);
  const sluice = await startSluice(ground, {
    config: {
      route: [
        { domain: ['far.test'], relay: [`127.0.0.1:${endpoint.port}`] },
        { domain: ['from.test'], relay: [`127.0.0.1:${sender.port}`] },
      ],
    },
  });
  await send(sluice.port, {
    from: 'me@from.test',
    to: ['a@far.test'],
    content,
    rcptParameters: ' NOTIFY=SUCCESS',
  });
  await until('the report arrives', () => sender.messages.length > 0);
  assert.match(sender.messages[0]!.content.toString(), /^Action: relayed\r$/mu);
});
