// Front ends that tell by XCLIENT and XFORWARD for whom they speak, over real sockets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goOn, type MailFacts, type SessionFacts, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { type Client, envelope, type Fixture, greeted, start } from './fixture.ts';
import { selfSigned } from '../support/certificates.ts';
import { turns } from './stage-fixture.ts';

const xclient = ['127.0.0.1'];

function lines(fixture: Fixture, event: string): Record<string, unknown>[] {
  return fixture.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['event'] === event);
}

/** A session in which the front end has told this, and said EHLO. */
async function told(fixture: Fixture, attributes: string): Promise<Client> {
  const client = await greeted(fixture);
  assert.match(await client.ask(`XCLIENT ${attributes}\r\n`), /^220 mx\.example\.org/);
  assert.match(await client.ask('EHLO front.example\r\n'), /^250-mx\.example\.org\r\n/);
  return client;
}

test('the client of XCLIENT is that of relaying, the Received line, the log and the stages', async (t) => {
  const seen: unknown[] = [];
  const notes: Stage = {
    name: 'notes',
    mail({ client, principal, helo, extended }: MailFacts): Verdict {
      seen.push({ client, principal, helo, extended });
      return goOn;
    },
  };
  const fixture = await start(t, { xclient, stages: [{ stage: notes }] });
  const client = await told(
    fixture,
    'ADDR=203.0.113.9 NAME=c.example PORT=40000 PROTO=SMTP HELO=c.example LOGIN=me DESTADDR=192.0.2.25 DESTPORT=25',
  );
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^550 5\.7\.1/);
  await client.ask('RSET\r\n');
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  assert.match(
    fixture.spool.kept[0]?.content ?? '',
    /^Received: from c\.example \(\[203\.0\.113\.9\]\)\r\n\tby mx\.example\.org with SMTP id/,
  );
  const [received] = lines(fixture, 'received');
  assert.deepEqual(
    [received?.['client'], received?.['frontEnd'], received?.['helo'], received?.['login']],
    ['203.0.113.9', '127.0.0.1', 'c.example', 'me'],
  );
  assert.deepEqual(seen[0], {
    client: {
      address: '203.0.113.9',
      mayRelay: false,
      connections: 1,
      frontEnd: {
        address: '127.0.0.1',
        knowsClient: true,
        clientName: 'c.example',
        clientPort: 40_000,
        destination: '192.0.2.25',
        destinationPort: 25,
        helo: 'c.example',
        extended: false,
        login: 'me',
      },
    },
    principal: 'me',
    helo: 'c.example',
    extended: false,
  });
});

test('a client that XCLIENT tells may relay when its network may, and each XCLIENT decides anew', async (t) => {
  const fixture = await start(t, {
    xclient: [...xclient, '10.1.2.3', '203.0.113.9'],
    networks: ['10.0.0.0'],
  });
  const client = await told(fixture, 'ADDR=10.1.2.3 LOGIN=me');
  const relays = async (): Promise<string> => {
    await client.ask('MAIL FROM:<a@example.net>\r\n');
    const reply = await client.ask('RCPT TO:<b@elsewhere.example>\r\n');
    await client.ask('RSET\r\n');
    return reply;
  };
  assert.match(await relays(), /^250/);
  assert.match(await client.ask('XCLIENT ADDR=203.0.113.9\r\n'), /^220/);
  await client.ask('EHLO front.example\r\n');
  assert.match(await relays(), /^550 5\.7\.1/);
  // What is not said stays.
  assert.match(await client.ask('XCLIENT NAME=x\r\n'), /^220/);
  await client.ask('EHLO front.example\r\n');
  assert.match(await relays(), /^550 5\.7\.1/);
});

test('where logins of front ends count, who has logged in there may relay, and nobody else', async (t) => {
  const fixture = await start(t, { xclient: [...xclient, '203.0.113.9'], relaysToldLogins: true });
  const client = await told(fixture, 'ADDR=203.0.113.9 LOGIN=me');
  const relays = async (): Promise<string> => {
    await client.ask('MAIL FROM:<a@example.net>\r\n');
    const reply = await client.ask('RCPT TO:<b@elsewhere.example>\r\n');
    await client.ask('RSET\r\n');
    return reply;
  };
  assert.match(await relays(), /^250/);
  for (const login of ['[UNAVAILABLE]', 'me', '[TEMPUNAVAIL]']) {
    assert.match(await client.ask(`XCLIENT ADDR=203.0.113.9 LOGIN=${login}\r\n`), /^220/);
    await client.ask('EHLO front.example\r\n');
    assert.match(await relays(), login === 'me' ? /^250/ : /^550 5\.7\.1/, login);
  }
  const unknown = await told(fixture, 'ADDR=[UNAVAILABLE] LOGIN=me');
  await unknown.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await unknown.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^550 5\.7\.1/);
});

test('behind a front end that passes commands on, a client cannot become another', async (t) => {
  const fixture = await start(t, {
    xclient,
    xforward: ['127.0.0.1', '203.0.113.8'],
    networks: ['127.0.0.0'],
  });
  for (const address of ['203.0.113.9', '[UNAVAILABLE]']) {
    const client = await greeted(fixture);
    // A line has no room for all attributes, so the address may come last.
    assert.match(await client.ask('XCLIENT NAME=c.example\r\n'), /^220/);
    assert.match(await client.ask(`XCLIENT ADDR=${address}\r\n`), /^220/);
    assert.doesNotMatch(await client.ask('EHLO c.example\r\n'), /XCLIENT|XFORWARD/);
    assert.match(await client.ask('XCLIENT ADDR=127.0.0.1\r\n'), /^550 5\.7\.0/);
    assert.match(await client.ask('XFORWARD ADDR=127.0.0.1\r\n'), /^550 5\.7\.0/);
    await client.ask('MAIL FROM:<a@example.net>\r\n');
    assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^550 5\.7\.1/);
  }
  const behind = await greeted(fixture);
  assert.match(await behind.ask('XCLIENT ADDR=203.0.113.8\r\n'), /^220/);
  assert.match(await behind.ask('XFORWARD ADDR=198.51.100.1\r\n'), /^250/);
});

test('a client whose address is not available may not relay, though its front end might', async (t) => {
  const fixture = await start(t, { xclient, networks: ['127.0.0.0'] });
  const client = await told(fixture, 'ADDR=[UNAVAILABLE]');
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^550 5\.7\.1/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
});

test('limits count the clients that are told, and not the front end', async (t) => {
  const fixture = await start(t, {
    xclient: [...xclient, '203.0.113.1'],
    settings: { maxConnectionsPerClient: 1 },
  });
  const first = await told(fixture, 'ADDR=203.0.113.1');
  await told(fixture, 'ADDR=203.0.113.2');
  const third = await greeted(fixture);
  assert.match(await third.ask('XCLIENT ADDR=203.0.113.1\r\n'), /^421 4\.7\.0 mx\.example\.org Too many/);
  assert.equal(await third.reply(), '');
  assert.equal(lines(fixture, 'rejected')[0]?.['client'], '203.0.113.1');
  third.socket.end();
  // Another client in the same connection gives the first one's place back, and so does the end.
  assert.match(await first.ask('XCLIENT ADDR=203.0.113.3\r\n'), /^220/);
  const fourth = await told(fixture, 'ADDR=203.0.113.1');
  await fourth.ask('QUIT\r\n');
  while (fixture.receiver.connections > 2) await turns();
  await told(fixture, 'ADDR=203.0.113.1');
});

test('max_errors of the client applies after XCLIENT', async (t) => {
  const fixture = await start(t, { xclient, exempt: true, networks: ['127.0.0.0'] });
  const client = await told(fixture, 'ADDR=203.0.113.9');
  let last = '';
  for (let i = 0; i < 5; i++) last = await client.ask('WHAT\r\n');
  assert.match(last, /^500/);
  assert.match(await client.reply(), /^421 4\.7\.0 .*Too many errors/);
});

test('the limits of handshakes count the client that is told, and no front end', async (t) => {
  const fixture = await start(t, { xclient, tls: 'offered', handshakeLimits: { maxHandshakesPerClient: 0 } });
  const client = await told(fixture, 'ADDR=203.0.113.9');
  assert.match(await client.ask('STARTTLS\r\n'), /^454 4\.7\.0 .*from your address/);
  const front = await greeted(fixture);
  assert.match(await front.ask('STARTTLS\r\n'), /^220/);
});

test('stages are asked about the client that is told, and may refuse it', async (t) => {
  const picky: Stage = {
    name: 'picky',
    connect: ({ client }: SessionFacts) =>
      Promise.resolve<Verdict>(
        client.address === '203.0.113.9'
          ? { kind: 'reject', reply: { code: 550, enhanced: '5.7.1', text: 'Not you' } }
          : goOn,
      ),
  };
  const fixture = await start(t, { xclient, stages: [{ stage: picky }] });
  await told(fixture, 'ADDR=203.0.113.8');
  const client = await greeted(fixture);
  assert.match(await client.ask('XCLIENT ADDR=203.0.113.9\r\n'), /^554 5\.7\.1 Not you/);
  assert.equal(await client.reply(), '');
});

test('the certificate of a front end lets it relay for nobody, and that of a client behind a balancer does', async (t) => {
  const own = selfSigned({ names: ['front.example'] });
  const certificate = { key: own.key, cert: own.certificate };
  const options = { networks: ['10.0.0.0'], tls: 'offered' as const, relayCertificates: [own.fingerprint] };
  const relays = async (client: Client): Promise<string> => {
    assert.match(await client.ask('STARTTLS\r\n'), /^220/);
    await client.secure(certificate);
    await client.ask('EHLO front.example\r\n');
    await client.ask('MAIL FROM:<a@example.net>\r\n');
    return client.ask('RCPT TO:<b@elsewhere.example>\r\n');
  };
  const front = await told(await start(t, { ...options, xclient }), 'ADDR=203.0.113.9');
  assert.match(await relays(front), /^550 5\.7\.1/);
  const fixture = await start(t, { ...options, balancers: ['127.0.0.0/8'] });
  const client = await fixture.client();
  client.send('PROXY TCP4 203.0.113.9 192.0.2.25 1 25\r\n');
  assert.match(await client.reply(), /^220/);
  await client.ask('EHLO client.example\r\n');
  assert.match(await relays(client), /^250/);
});

test('behind a balancer, the front end is who the PROXY header names', async (t) => {
  const fixture = await start(t, { balancers: ['127.0.0.0/8'], xclient: ['198.51.100.7'] });
  const client = await fixture.client();
  client.send('PROXY TCP4 198.51.100.7 192.0.2.25 1 25\r\n');
  assert.match(await client.reply(), /^220/);
  assert.match(await client.ask('EHLO front.example\r\n'), /XCLIENT/);
  assert.match(await client.ask('XCLIENT ADDR=203.0.113.9\r\n'), /^220/);
  const other = await fixture.client();
  other.send('PROXY TCP4 198.51.100.8 192.0.2.25 1 25\r\n');
  assert.match(await other.reply(), /^220/);
  assert.doesNotMatch(await other.ask('EHLO front.example\r\n'), /XCLIENT/);
  assert.match(await other.ask('XCLIENT ADDR=203.0.113.9\r\n'), /^550 5\.7\.0/);
});

test('a client that a balancer does not know cannot speak as a front end', async (t) => {
  const fixture = await start(t, {
    balancers: ['127.0.0.0/8'],
    xclient: ['127.0.0.0/8'],
    xforward: ['127.0.0.0/8'],
  });
  const client = await fixture.client();
  client.send('PROXY UNKNOWN\r\n');
  assert.match(await client.reply(), /^220/);
  assert.doesNotMatch(await client.ask('EHLO x\r\n'), /XCLIENT|XFORWARD/);
  assert.match(await client.ask('XCLIENT ADDR=10.0.0.1\r\n'), /^550 5\.7\.0/);
});

test('XFORWARD is for the log, adds up, and ends with its message', async (t) => {
  const seen: unknown[] = [];
  const notes: Stage = {
    name: 'notes',
    mail({ transaction }: MailFacts): Verdict {
      seen.push(transaction.forwarded?.address);
      return goOn;
    },
  };
  const fixture = await start(t, {
    xforward: ['127.0.0.1'],
    networks: ['10.0.0.0'],
    stages: [{ stage: notes }],
  });
  const client = await greeted(fixture);
  assert.match(await client.ask('XFORWARD NAME=c.example ADDR=10.1.2.3 PORT=[UNAVAILABLE]\r\n'), /^250/);
  assert.match(await client.ask('XFORWARD HELO=c PROTO=ESMTP IDENT=4X2 SOURCE=REMOTE\r\n'), /^250/);
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^550 5\.7\.1/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  await client.ask('DATA\r\n');
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  const [first, second] = lines(fixture, 'received');
  const fields = Object.entries(first ?? {}).filter(([name]) => name.startsWith('forwarded'));
  assert.deepEqual(Object.fromEntries(fields), {
    forwardedClient: '10.1.2.3',
    forwardedName: 'c.example',
    forwardedProtocol: 'ESMTP',
    forwardedHelo: 'c',
    forwardedId: '4X2',
    forwardedSource: 'REMOTE',
  });
  assert.deepEqual([first?.['client'], second?.['forwardedClient']], ['127.0.0.1', undefined]);
  assert.deepEqual(seen, ['10.1.2.3', undefined]);
});
