// Sessions that come under TLS by STARTTLS (RFC 3207), or are under it from the start (RFC 8314 3.3), over real sockets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goOn, type SessionFacts, type Stage, type TlsFacts } from '../../src/policy/stage.ts';
import { type Client, envelope, type Fixture, greeted, secured, start } from './fixture.ts';
import { pass, turns } from './stage-fixture.ts';

/** Resolves when the receiver has no connection. */
async function allGone({ receiver }: Fixture): Promise<void> {
  while (receiver.connections > 0) await turns();
}

function lines(fixture: Fixture, event: string): Record<string, unknown>[] {
  return fixture.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['event'] === event);
}

test('a message under TLS has version and cipher in its Received line and in the log', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const client = await secured(fixture);
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  const [stored] = fixture.spool.kept;
  assert.match(
    stored?.content ?? '',
    /^Received: from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example\.org with ESMTPS\r\n\t\(TLSv1\.3 TLS_AES_256_GCM_SHA384\)\r\n\tid [^\r]*\r\n/,
  );
  const [received] = lines(fixture, 'received');
  assert.equal(received?.['tlsVersion'], 'TLSv1.3');
  assert.equal(received?.['tlsCipher'], 'TLS_AES_256_GCM_SHA384');
  assert.match(await client.ask('QUIT\r\n'), /^221/);
  await allGone(fixture);
  assert.equal(fixture.handshakes.clients, 0);
  assert.equal(fixture.handshakes.underWay, 0);
});

test('commands that are sent with STARTTLS in one go end the session, and are not carried out', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const client = await greeted(fixture);
  client.send('STARTTLS\r\nMAIL FROM:<evil@example.net>\r\n');
  assert.match(await client.reply(), /^421 4\.7\.0 mx\.example\.org Something followed STARTTLS/);
  assert.equal(await client.reply(), '');
});

test('commands in clear after the reply to STARTTLS are no commands under TLS: the handshake fails', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const client = await greeted(fixture);
  assert.match(await client.ask('STARTTLS\r\n'), /^220/);
  client.send('MAIL FROM:<evil@example.net>\r\nRCPT TO:<b@example.com>\r\n');
  await allGone(fixture);
  assert.equal(lines(fixture, 'handshakeFailed').length, 1);
  assert.equal(fixture.receiver.connections, 0);
  assert.equal(fixture.handshakes.underWay, 0);
});

test('where TLS is required, MAIL in clear is refused, and under TLS it is taken', async (t) => {
  const fixture = await start(t, { tls: 'required' });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^530 5\.7\.0/);
  assert.match(await client.ask('STARTTLS\r\n'), /^220/);
  await client.secure();
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^503 5\.5\.1/);
  assert.match(await client.ask('EHLO client.example\r\n'), /^250/);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
});

test('with implicit TLS the greeting comes under TLS, and STARTTLS is not offered', async (t) => {
  const fixture = await start(t, { tls: 'implicit' });
  const client = await fixture.client();
  await client.secure();
  assert.match(await client.reply(), /^220 mx\.example\.org/);
  assert.doesNotMatch(await client.ask('EHLO client.example\r\n'), /STARTTLS/);
  assert.match(await client.ask('STARTTLS\r\n'), /^502/);
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
});

test('a client that speaks SMTP in clear where TLS is implicit hears nothing', async (t) => {
  const fixture = await start(t, { tls: 'implicit' });
  const client = await fixture.client();
  client.send('EHLO client.example\r\n');
  await allGone(fixture);
  assert.equal(lines(fixture, 'handshakeFailed').length, 1);
});

for (const tls of ['offered', 'implicit'] as const) {
  test(`a handshake (${tls}) that stops is given up in time, and leaves nothing behind`, async (t) => {
    const fixture = await start(t, { tls });
    const client = tls === 'offered' ? await greeted(fixture) : await fixture.client();
    if (tls === 'offered') assert.match(await client.ask('STARTTLS\r\n'), /^220/);
    // The beginning of a record of a handshake. Its rest never comes.
    client.socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    await pass(fixture, 29_000);
    assert.equal(fixture.handshakes.underWay, 1);
    // Another byte restarts nothing.
    client.socket.write(Buffer.from([0x00]));
    await pass(fixture, 2_000);
    assert.equal(fixture.handshakes.underWay, 0);
    assert.equal(fixture.receiver.connections, 0);
    assert.equal(lines(fixture, 'handshakeFailed')[0]?.['reason'], 'not complete after 30 s');
  });
}

test('the time for commands runs again after the handshake', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const client = await secured(fixture);
  await pass(fixture, 299_000);
  assert.equal(fixture.receiver.connections, 1);
  await pass(fixture, 2_000);
  assert.match(await client.reply(), /^421 4\.4\.2/);
});

test('handshakes above the limit are refused for now, and the session goes on in clear', async (t) => {
  const fixture = await start(t, { tls: 'offered', handshakeLimits: { maxHandshakes: 1 } });
  const first = await greeted(fixture);
  assert.match(await first.ask('STARTTLS\r\n'), /^220/);
  const second = await greeted(fixture);
  assert.match(await second.ask('STARTTLS\r\n'), /^454 4\.7\.0 .*too many handshakes at once/);
  assert.match(await second.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  await first.secure();
  assert.match(await second.ask('RSET\r\n'), /^250/);
  assert.match(await second.ask('STARTTLS\r\n'), /^220/);
});

test('a client whose handshakes fail over and over is refused for a while', async (t) => {
  const failuresPerClient = { count: 2, perMs: 60_000 };
  const fixture = await start(t, { tls: 'offered', handshakeLimits: { failuresPerClient } });
  for (let i = 0; i < 2; i++) {
    const client = await greeted(fixture);
    assert.match(await client.ask('STARTTLS\r\n'), /^220/);
    client.socket.destroy();
    await allGone(fixture);
  }
  const client = await greeted(fixture);
  assert.match(await client.ask('STARTTLS\r\n'), /^454 4\.7\.0 .*have failed/);
});

test('a session that is shut down ends under TLS, and a handshake at once', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const client = await secured(fixture);
  const other = await greeted(fixture);
  assert.match(await other.ask('STARTTLS\r\n'), /^220/);
  const drained = Promise.withResolvers<void>();
  fixture.receiver.drain(() => drained.resolve());
  assert.match(await client.reply(), /^421 4\.3\.2/);
  client.socket.end();
  await drained.promise;
  assert.equal(fixture.handshakes.clients, 0);
  assert.deepEqual(lines(fixture, 'handshakeFailed'), []);
});

test('a client that closes its side after QUIT or without it is closed in an orderly way', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const client = await secured(fixture);
  client.socket.end('NOOP\r\n');
  assert.match(await client.reply(), /^250/);
  assert.equal(await client.reply(), '');
  const other = await secured(fixture);
  assert.match(await other.ask('QUIT\r\n'), /^221/);
  // The end comes by close_notify (RFC 8446 6.1), not by a reset.
  assert.equal(await other.reply(), '');
});

test('a stage decides when the handshake is through, with version and cipher, and may refuse the client', async (t) => {
  const asked: (TlsFacts | undefined)[] = [];
  const stage: Stage = {
    name: 'no-old-tls',
    starttls: async ({ tls, helo }) => {
      asked.push(tls);
      assert.equal(helo, '');
      await turns();
      return { kind: 'reject', reply: { code: 550, enhanced: '5.7.0', text: 'Not you' } };
    },
  };
  const fixture = await start(t, { tls: 'offered', stages: [{ stage }] });
  const client = await greeted(fixture);
  assert.match(await client.ask('STARTTLS\r\n'), /^220/);
  await client.secure({ servername: 'mx.example.org' });
  assert.match(await client.ask('EHLO client.example\r\n'), /^554 5\.7\.0 Not you/);
  assert.equal(await client.reply(), '');
  assert.deepEqual(asked, [
    {
      version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      certificateSubject: undefined,
      serverName: 'mx.example.org',
    },
  ]);
});

test('what stages found out from HELO in clear is forgotten under TLS, and what they knew before is not', async (t) => {
  const known: unknown[] = [];
  const stage: Stage = {
    name: 'notes',
    connect: () => ({ kind: 'continue', result: { from: 'connect' } }),
    helo: ({ tls }) => (tls === undefined ? { kind: 'continue', result: { from: 'helo' } } : goOn),
  };
  const reader: Stage = {
    name: 'reader',
    mail: (facts) => {
      known.push(facts.resultOf('notes'));
      return goOn;
    },
  };
  const fixture = await start(t, { tls: 'offered', stages: [{ stage }, { stage: reader }] });
  const clear = await greeted(fixture);
  assert.match(await clear.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  const secure = await secured(fixture);
  assert.match(await secure.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.deepEqual(known, [{ from: 'helo' }, { from: 'connect' }]);
});

test('where TLS is implicit, stages are asked at starttls, then at connect', async (t) => {
  const order: string[] = [];
  const note = (point: string) => (facts: SessionFacts) => {
    order.push(`${point} ${facts.tls?.version}`);
    return goOn;
  };
  const stage: Stage = { name: 'order', connect: note('connect'), starttls: note('starttls') };
  const fixture = await start(t, { tls: 'implicit', stages: [{ stage }] });
  const client = await fixture.client();
  await client.secure();
  assert.match(await client.reply(), /^220/);
  assert.deepEqual(order, ['starttls TLSv1.3', 'connect TLSv1.3']);
});

test('a connection above the limits is closed without a handshake where TLS is implicit', async (t) => {
  const fixture = await start(t, { tls: 'implicit', settings: { maxConnections: 1 } });
  const first = await fixture.client();
  const second = await fixture.client();
  assert.equal(await second.reply(), '');
  assert.equal(lines(fixture, 'rejected')[0]?.['reply'], '421 4.3.2 Too many connections, try again later');
  assert.deepEqual(lines(fixture, 'handshakeFailed'), []);
  await first.secure();
  assert.match(await first.reply(), /^220/);
});

test('bytes in clear in the middle of a session under TLS end it, and are no commands', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const client = await greeted(fixture);
  assert.match(await client.ask('STARTTLS\r\n'), /^220/);
  const below = client.socket;
  await client.secure();
  assert.match(await client.ask('EHLO client.example\r\n'), /^250/);
  below.write('MAIL FROM:<evil@example.net>\r\n');
  await allGone(fixture);
  assert.deepEqual(lines(fixture, 'handshakeFailed'), []);
});

test('many handshakes that stop in the middle leave nothing behind', async (t) => {
  const fixture = await start(t, {
    tls: 'implicit',
    settings: { maxConnections: 400, maxConnectionsPerClient: 400 },
    handshakeLimits: { maxHandshakes: 300, maxHandshakesPerClient: 300 },
  });
  const clients: Client[] = [];
  for (let i = 0; i < 300; i++) {
    const client = await fixture.client();
    client.socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    clients.push(client);
  }
  while (fixture.handshakes.underWay < 300) await turns();
  // One more has no room, and is closed at once.
  assert.equal(await (await fixture.client()).reply(), '');
  await pass(fixture, 31_000);
  await allGone(fixture);
  assert.equal(fixture.handshakes.underWay, 0);
  assert.equal(lines(fixture, 'handshakeFailed').length, 300);
  const [last] = clients.slice(-1);
  assert.equal(await last?.reply(), '');
  const client = await fixture.client();
  await client.secure();
  assert.match(await client.reply(), /^220/);
});
