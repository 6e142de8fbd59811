// Debian's Postfix as a client of Sluice and as its destination.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { refuses } from '../../sim/mx/personality.ts';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { bodyOf, destination, send } from './mail.ts';

const skip = withoutPostfix();
const head = 'From: <a@client.test>\r\nTo: <b@far.test>\r\nMessage-ID: <one@client.test>\r\n';
const date = 'Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n';

const to = (port: number) => ({ relay: [`127.0.0.1:${port}`] });

suite('Postfix', { skip }, () => {
  test('sends to Sluice, which delivers every message once', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const sluice = await startSluice(ground, { config: { route: [to(mx.port)] } });
    const postfix = await startPostfix(ground, 'postfix', {
      main: { relayhost: `[127.0.0.1]:${sluice.port}` },
    });
    const count = ['-m', '300', '-s', '10', '-N', '-l', '3000'];
    await ground.run('smtp-source', [
      ...count,
      '-f',
      'a@client.test',
      '-t',
      'u@far.test',
      `127.0.0.1:${postfix.port}`,
    ]);
    await mx.tally.arrived(300);
    await until('the queue of Postfix is empty', () => postfix.queued().length === 0);
    assert.equal(mx.tally.messages, 300);
    assert.equal(mx.tally.duplicates, 0);
    const traces = mx.messages[0]!.content.toString().match(/^Received: /gmu);
    assert.equal(traces?.length, 2); // smtp-source adds one that it made up, or none: Postfix and Sluice one each
  });

  test('hands mail over by LMTP, and reports the one recipient that Sluice does not know', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const lmtp = await freePort();
    const port = await freePort();
    const users = join(ground.folder('tables'), 'users.list');
    writeFileSync(users, 'b@far.test\nc@far.test\n');
    await startSluice(ground, {
      port,
      config: {
        listen: [{ address: `127.0.0.1:${port}` }, { address: `127.0.0.1:${lmtp}`, protocol: 'lmtp' }],
        table: [{ name: 'users', path: users }],
        recipients: [{ domain: ['far.test'], table: 'users' }],
        route: [to(mx.port)],
      },
    });
    const postfix = await startPostfix(ground, 'postfix', {
      main: { default_transport: `lmtp:inet:127.0.0.1:${lmtp}`, lmtp_dns_support_level: 'disabled' },
    });
    await send(postfix.port, {
      from: 'a@client.test',
      to: ['b@far.test', 'nobody@far.test', 'c@far.test'],
      content: `${head}\r\nHello\r\n`,
    });
    // The message at two recipients, and the report of Postfix.
    await mx.tally.arrived(3);
    await until('the queue of Postfix is empty', () => postfix.queued().length === 0);
    const [message, report] = mx.messages.toSorted(
      (one, other) => other.recipients.length - one.recipients.length,
    );
    assert.deepEqual(message!.recipients.toSorted(), ['b@far.test', 'c@far.test']);
    assert.match(message!.content.toString(), /^Received: from .*\r\n\tby .* with LMTP id /u);
    assert.deepEqual(report!.recipients, ['a@client.test']);
    assert.match(report!.content.toString(), /nobody@far\.test.*550 5\.1\.1/su);
  });

  const variations: readonly (readonly [string, string])[] = [
    ['everything it has', 'silent-discard'],
    ['no pipelining', 'pipelining,silent-discard'],
    ['no chunking', 'chunking,silent-discard'],
    ['no size', 'size,silent-discard'],
    ['no enhanced status codes', 'enhancedstatuscodes,silent-discard'],
    [
      'no extension at all',
      'pipelining,size,vrfy,etrn,enhancedstatuscodes,8bitmime,dsn,smtputf8,chunking,silent-discard',
    ],
  ];
  for (const [name, discarded] of variations) {
    test(`takes mail from Sluice with ${name}`, async (t) => {
      const ground = Ground.of(t);
      const mx = await destination(ground);
      const postfix = await startPostfix(ground, 'postfix', {
        main: { relayhost: `[127.0.0.1]:${mx.port}`, smtpd_discard_ehlo_keywords: discarded },
      });
      const sluice = await startSluice(ground, { config: { route: [to(postfix.port)] } });
      const body = `.one\r\n..two\r\n.\u0020\r\n${'x'.repeat(900)}\r\n\r\n.\r\n`.replace(
        '\r\n.\r\n',
        '\r\n. \r\n',
      );
      const replies = await send(sluice.port, {
        from: 'a@client.test',
        to: ['b@far.test', 'c@far.test', 'd@elsewhere.test'],
        content: `${head}${date}\r\n${body}`,
      });
      assert.match(replies.at(-1)!, /^250/u);
      await mx.tally.arrived(3);
      assert.equal(mx.tally.duplicates, 0);
      for (const message of mx.messages) assert.equal(bodyOf(message).replaceAll(/^\.\./gmu, '.'), body);
    });
  }

  test('and Sluice pass DSN parameters on, both ways', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const last = await startSluice(ground, {
      directory: ground.folder('last'),
      config: { route: [to(mx.port)] },
    });
    const postfix = await startPostfix(ground, 'postfix', {
      main: { relayhost: `[127.0.0.1]:${last.port}` },
    });
    const first = await startSluice(ground, { config: { route: [to(postfix.port)] } });
    await send(first.port, {
      from: 'a@client.test',
      to: ['b@far.test'],
      mailParameters: ' RET=HDRS ENVID=QQ+2B314',
      rcptParameters: ' NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bx@far.test',
      content: `${head}${date}\r\nHello\r\n`,
    });
    await mx.tally.arrived(1);
    assert.match(mx.messages[0]!.mail, /RET=HDRS/u);
    assert.match(mx.messages[0]!.mail, /ENVID=QQ\+2B314/u);
    assert.match(mx.messages[0]!.rcpts[0]!, /NOTIFY=(FAILURE,DELAY|DELAY,FAILURE)/u);
    assert.match(mx.messages[0]!.rcpts[0]!, /ORCPT=rfc822;b\+2Bx@far\.test/u);
  });

  test('and Sluice carry UTF-8 addresses and 8-bit bodies, both ways', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const last = await startSluice(ground, {
      directory: ground.folder('last'),
      config: { route: [to(mx.port)] },
    });
    const postfix = await startPostfix(ground, 'postfix', {
      main: { relayhost: `[127.0.0.1]:${last.port}` },
    });
    const first = await startSluice(ground, { config: { route: [to(postfix.port)] } });
    const replies = await send(first.port, {
      from: 'jürgen@client.test',
      to: ['δοκιμή@far.test'],
      mailParameters: ' SMTPUTF8 BODY=8BITMIME',
      content: `${head}${date}Subject: Grüße\r\n\r\nÄÖÜ\r\n`,
    });
    assert.match(replies.at(-1)!, /^250/u);
    await mx.tally.arrived(1);
    assert.equal(mx.messages[0]!.sender, 'jürgen@client.test');
    assert.deepEqual(mx.messages[0]!.recipients, ['δοκιμή@far.test']);
    assert.equal(bodyOf(mx.messages[0]!), 'ÄÖÜ\r\n');
  });

  test('refuses one recipient of three: two get the message, and the sender gets a bounce for the third', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const postfix = await startPostfix(ground, 'postfix', {
      main: {
        relayhost: `[127.0.0.1]:${mx.port}`,
        smtpd_recipient_restrictions:
          'check_recipient_access inline:{{gone@far.test=550 5.1.1 No such person}}, permit_mynetworks, reject',
      },
    });
    const sluice = await startSluice(ground, {
      config: { route: [{ domain: ['client.test'], ...to(mx.port) }, to(postfix.port)] },
    });
    await send(sluice.port, {
      from: 'a@client.test',
      to: ['b@far.test', 'gone@far.test', 'c@far.test'],
      content: `${head}${date}\r\nHello\r\n`,
    });
    await mx.tally.arrived(3);
    const bounce = mx.messages.find((message) => message.recipients.includes('a@client.test'))!;
    assert.equal(bounce.sender, '');
    const text = bounce.content.toString();
    assert.match(text, /^Content-Type: multipart\/report;\s+report-type=delivery-status/imu);
    assert.match(text, /^Final-Recipient: rfc822; ?gone@far\.test/imu);
    assert.match(text, /^Status: 5\.1\.1/imu);
    assert.match(text, /^Diagnostic-Code: smtp; ?550 5\.1\.1 [^]*?No such person/imu);
    const arrived = mx.messages.flatMap((message) => message.recipients).toSorted();
    assert.deepEqual(arrived, ['a@client.test', 'b@far.test', 'c@far.test']);
  });

  test('defers for a while, and Sluice tries again', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    // Postfix greylists here by its filter, a destination that defers at first.
    let refusals = 2;
    const policy = refuses(/./u, '451 4.3.0 Not yet');
    const moody = await destination(ground, {
      personality: (moment) => (moment.stage === 'rcpt' && refusals-- > 0 ? policy(moment) : undefined),
    });
    const postfix = await startPostfix(ground, 'postfix', {
      main: { relayhost: `[127.0.0.1]:${mx.port}`, smtpd_proxy_filter: `127.0.0.1:${moody.port}` },
    });
    const sluice = await startSluice(ground, {
      config: { queue: { retry: ['1s'], retry_jitter: 0 }, route: [to(postfix.port)] },
    });
    await send(sluice.port, {
      from: 'a@client.test',
      to: ['b@far.test'],
      content: `${head}${date}\r\nHello\r\n`,
    });
    await moody.tally.arrived(1);
    assert.equal(moody.tally.tempfails, 2);
    await sluice.logged('delivered');
    assert.equal((await sluice.whole()).filter(({ event }) => event === 'deferred').length, 2);
  });

  test('and Sluice carry 20 MB in both directions', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const main = { message_size_limit: '50000000' };
    const last = await startSluice(ground, {
      directory: ground.folder('last'),
      config: { route: [to(mx.port)] },
    });
    const postfix = await startPostfix(ground, 'postfix', {
      main: { ...main, relayhost: `[127.0.0.1]:${last.port}` },
    });
    const first = await startSluice(ground, { config: { route: [to(postfix.port)] } });
    const body = `${'.'.repeat(71)}0123456\r\n`.repeat(250_000);
    const replies = await send(first.port, {
      from: 'a@client.test',
      to: ['b@far.test'],
      content: `${head}${date}\r\n${body}`,
    });
    assert.match(replies.at(-1)!, /^250/u);
    await mx.tally.arrived(1);
    assert.ok(
      bodyOf(mx.messages[0]!).replaceAll(/^\.\./gmu, '.') === body,
      'the body came through unchanged',
    );
  });

  test('announces a size limit, and the sender of a larger message gets a bounce without an attempt', async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const postfix = await startPostfix(ground, 'postfix', {
      main: { relayhost: `[127.0.0.1]:${mx.port}`, message_size_limit: '10000' },
    });
    const sluice = await startSluice(ground, {
      config: { route: [{ domain: ['client.test'], ...to(mx.port) }, to(postfix.port)] },
    });
    const content = `${head}${date}\r\n${`${'x'.repeat(70)}\r\n`.repeat(1000)}`;
    await send(sluice.port, { from: 'a@client.test', to: ['b@far.test'], content });
    await mx.tally.arrived(1);
    assert.match(mx.messages[0]!.content.toString(), /^Status: 5\.3\.4/imu);
  });
});
