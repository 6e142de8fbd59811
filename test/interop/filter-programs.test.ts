// Programs as content filters behind the queue: Postfix takes mail by SMTP, Dovecot by LMTP, and both hand it back to Sluice.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { withoutDovecot } from '../../sim/neighbours/dovecot.ts';
import { freePort, Ground, listening, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';

const content =
  'From: joe@example.com\r\nDate: Fri, 10 Mar 2023 23:29:35 +0000\r\nMessage-ID: <one@example.com>\r\nSubject: x\r\n\r\n.Hello\r\n';
const mail = { from: 'joe@example.com', to: ['b@far.test', 'c@far.test'], content };

suite('Postfix as a content filter', { skip: withoutPostfix() }, () => {
  test('it is told of the client by XFORWARD, and what it tells of it comes back', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const [port, back] = [await freePort(), await freePort()];
    const postfix = await startPostfix(ground, 'filter', {
      main: {
        relayhost: `[127.0.0.1]:${back}`,
        smtpd_authorized_xforward_hosts: '127.0.0.0/8',
        smtp_send_xforward_command: 'yes',
      },
    });
    const sluice = await startSluice(ground, {
      port,
      config: {
        listen: [
          { address: `127.0.0.1:${port}` },
          { address: `127.0.0.1:${back}`, from_filter: 'any', xforward: ['127.0.0.1'] },
        ],
        stage: [{ name: 'filter', kind: 'content-filter', route: 'scan' }],
        route: [
          { name: 'scan', domain: ['scan.invalid'], relay: [`127.0.0.1:${postfix.port}`] },
          { relay: [`127.0.0.1:${mx.port}`] },
        ],
      },
    });
    const replies = await send(port, { ...mail, mailParameters: ' BODY=8BITMIME' });
    assert.match(replies.at(-1) ?? '', /^250 /);
    await until('it has arrived', () => mx.messages.length > 0);
    const [first, again] = await sluice.logged('received', 2);
    assert.equal(first?.['forwardedClient'], undefined);
    // What Postfix was told, it says to the next server, with its own queue id.
    assert.deepEqual(
      [again?.['forwardedClient'], again?.['forwardedProtocol'], again?.['forwardedHelo']],
      ['127.0.0.1', 'ESMTP', first?.['helo']],
    );
    const told = `orig_queue_id=${String(first?.['id'])}`;
    await until('Postfix logs the queue id', () => postfix.log().includes(told));
    assert.match(mx.messages[0]?.content.toString('latin1') ?? '', /by filter\.test \(Postfix\)/);
    assert.deepEqual(mx.messages[0]?.recipients.toSorted(), mail.to);
    await until('the queue is empty', () => postfix.queued().length === 0);
    assert.equal((await sluice.whole()).filter(({ event }) => event === 'received').length, 2);
    assert.equal(mx.messages.length, 1);
  });
});

suite('Dovecot as a content filter', { skip: withoutDovecot() }, () => {
  test('each recipient has the outcome that the filter tells by LMTP, and mail comes back by SMTP', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const [port, back, lmtp] = [await freePort(), await freePort(), await freePort()];
    const home = ground.folder('dovecot');
    const config = join(home, 'dovecot.conf');
    const users = join(home, 'users');
    const onTo = `proxy=y nopassword=y host=127.0.0.1 port=${back} protocol=smtp`;
    writeFileSync(users, mail.to.map((user) => `${user}:::::::${onTo}\n`).join(''));
    writeFileSync(
      config,
      `base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${home}/log
protocols = lmtp
listen = 127.0.0.1
ssl = no
lmtp_proxy = yes
passdb {
  driver = passwd-file
  args = username_format=%u ${users}
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtp}
  }
}
`,
    );
    const dovecot = ground.start('dovecot', '/usr/sbin/dovecot', ['-F', '-c', config]);
    await listening(dovecot, lmtp);
    const sluice = await startSluice(ground, {
      port,
      config: {
        listen: [{ address: `127.0.0.1:${port}` }, { address: `127.0.0.1:${back}`, from_filter: 'any' }],
        stage: [{ name: 'filter', kind: 'content-filter', route: 'scan' }],
        route: [
          { name: 'scan', domain: ['scan.invalid'], lmtp: [`127.0.0.1:${lmtp}`] },
          { relay: [`127.0.0.1:${mx.port}`] },
        ],
      },
    });
    const replies = await send(port, { ...mail, to: [...mail.to, 'nobody@far.test'] });
    assert.match(replies.at(-1) ?? '', /^250 /);
    const outcomes = () =>
      sluice
        .events()
        .filter(({ event, to }) => (event === 'delivered' || event === 'bounced') && to !== mail.from)
        .map(({ event, to, reply }) => [event, to, String(reply).slice(0, 3)])
        .toSorted();
    const expected = [
      ['bounced', 'nobody@far.test', '550'],
      ...mail.to.flatMap((to) => [
        ['delivered', to, '250'],
        ['delivered', to, '250'],
      ]),
    ];
    await until('all is told', () => outcomes().length >= expected.length);
    assert.deepEqual(outcomes(), expected);
    const arrived = mx.messages.find(({ sender }) => sender === mail.from);
    assert.deepEqual(arrived?.recipients.toSorted(), mail.to);
    assert.match(arrived?.content.toString('latin1') ?? '', /with LMTP[^]*\r\n\r\n\.\.Hello\r\n$/);
  });
});
