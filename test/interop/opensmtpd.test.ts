// OpenSMTPD as a client of Sluice and as its destination.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { startOpenSmtpd, withoutOpenSmtpd } from '../../sim/neighbours/opensmtpd.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { bodyOf, destination, send } from './mail.ts';

const withoutSource = process.getuid?.() === 0 ? false : 'needs root';

suite('OpenSMTPD', { skip: withoutOpenSmtpd() || withoutSource }, () => {
  test('sends to Sluice, which delivers every message once', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const sluice = await startSluice(ground, { config: { route: [{ relay: [`127.0.0.1:${mx.port}`] }] } });
    const opensmtpd = await startOpenSmtpd(ground, sluice.port);
    const count = ['-m', '100', '-s', '5', '-N', '-l', '3000'];
    await ground.run('smtp-source', [
      ...count,
      '-f',
      'a@client.test',
      '-t',
      'u@far.test',
      `127.0.0.1:${opensmtpd.port}`,
    ]);
    await mx.tally.arrived(100);
    assert.equal(mx.tally.messages, 100);
    assert.equal(mx.tally.duplicates, 0);
  });

  test('takes mail from Sluice unchanged', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const opensmtpd = await startOpenSmtpd(ground, mx.port);
    const sluice = await startSluice(ground, {
      config: {
        route: [{ relay: [`127.0.0.1:${opensmtpd.port}`] }],
        // OpenSMTPD listens with a backlog of 5; the kernel silently drops some of more connections at once.
        limit: [{ per: 'ip', connections: 4 }],
      },
    });
    const body = `.one\r\n..two\r\n${'x'.repeat(900)}\r\n\r\nend\r\n`;
    for (let i = 0; i < 20; i++) {
      const replies = await send(sluice.port, {
        from: 'a@client.test',
        to: ['b@far.test', 'c@far.test'],
        content: `From: <a@client.test>\r\nMessage-ID: <${i}@client.test>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\n${body}`,
      });
      assert.match(replies.at(-1)!, /^250/u);
    }
    await mx.tally.arrived(40);
    assert.equal(mx.tally.duplicates, 0);
    for (const message of mx.messages) assert.equal(bodyOf(message).replaceAll(/^\.\./gmu, '.'), body);
  });
});
