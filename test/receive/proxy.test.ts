// Connections that a load balancer passes on with a PROXY header, over real sockets.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { goOn, type SessionFacts, type Stage } from '../../src/policy/stage.ts';
import { ipv4, ipv6, version2 } from '../protocol/proxy/headers.ts';
import { Client, envelope, type Fixture, start } from './fixture.ts';
import { pass, turns } from './stage-fixture.ts';

const balancers = ['127.0.0.0/8'];

function header(client: string, port = 40_000): string {
  return `PROXY TCP4 ${client} 192.0.2.25 ${port} 25\r\n`;
}

/** A client whose connection the balancer passes on, and that was greeted. */
async function through(fixture: Fixture, address: string): Promise<Client> {
  const client = await fixture.client();
  client.send(header(address));
  assert.match(await client.reply(), /^220 mx\.example\.org/);
  return client;
}

async function allGone({ receiver }: Fixture): Promise<void> {
  while (receiver.connections > 0) await turns();
}

function lines(fixture: Fixture, event: string): Record<string, unknown>[] {
  return fixture.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line['event'] === event);
}

/** Notes the facts of each client that connects. */
class Notes implements Stage {
  readonly name = 'notes';
  readonly clients: unknown[] = [];

  connect({ client }: SessionFacts): typeof goOn {
    this.clients.push({ ...client });
    return goOn;
  }
}

test('the client of the header is that of the Received line, the log and the stages', async (t) => {
  const notes = new Notes();
  const fixture = await start(t, { balancers, stages: [{ stage: notes }] });
  const client = await through(fixture, '203.0.113.9');
  assert.match(await client.ask('EHLO client.example\r\n'), /^250/);
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  assert.match(
    fixture.spool.kept[0]?.content ?? '',
    /^Received: from client\.example \(\[203\.0\.113\.9\]\)/,
  );
  const [received] = lines(fixture, 'received');
  assert.deepEqual([received?.['client'], received?.['frontEnd']], ['203.0.113.9', '127.0.0.1']);
  assert.deepEqual(notes.clients, [
    {
      address: '203.0.113.9',
      mayRelay: false,
      connections: 1,
      frontEnd: {
        address: '127.0.0.1',
        knowsClient: true,
        clientPort: 40_000,
        destination: '192.0.2.25',
        destinationPort: 25,
      },
    },
  ]);
});

test('who may relay is decided by the client of the header, not by the balancer', async (t) => {
  const fixture = await start(t, { balancers, networks: ['127.0.0.0'] });
  const stranger = await through(fixture, '203.0.113.9');
  await stranger.ask('EHLO client.example\r\n');
  await stranger.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await stranger.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^550 5\.7\.1/);
  const own = await through(fixture, '127.9.9.9');
  await own.ask('EHLO client.example\r\n');
  await own.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await own.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^250/);
});

test('a mapped address in a binary header is the IPv4 address, for relaying and for the log', async (t) => {
  const fixture = await start(t, { balancers, networks: ['10.0.0.0'] });
  const client = await fixture.client();
  const mapped = '00000000000000000000ffff0a010203';
  client.socket.write(version2({ protocol: 0x21, addresses: ipv6(mapped, mapped, 1, 25) }));
  assert.match(await client.reply(), /^220/);
  await client.ask('EHLO client.example\r\n');
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^250/);
});

for (const [name, bytes] of [
  ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
  ['LOCAL', version2({ command: 0x20, protocol: 0, addresses: Buffer.alloc(0) })],
] as const) {
  test(`${name}: the session is that of the balancer, which may not relay, whatever its network may`, async (t) => {
    const fixture = await start(t, {
      balancers,
      networks: ['127.0.0.0'],
      settings: { maxConnectionsPerClient: 1 },
    });
    const clients = [await fixture.client(), await fixture.client()];
    for (const client of clients) {
      client.socket.write(bytes);
      assert.match(await client.reply(), /^220/);
      await client.ask('EHLO balancer.example\r\n');
      await client.ask('MAIL FROM:<a@example.net>\r\n');
      assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^550 5\.7\.1/);
      assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
    }
  });
}

test('limits count each client by itself, and not the balancer', async (t) => {
  const fixture = await start(t, { balancers, settings: { maxConnectionsPerClient: 1 } });
  const first = await through(fixture, '203.0.113.1');
  await through(fixture, '203.0.113.2');
  const again = await fixture.client();
  again.send(header('203.0.113.1'));
  assert.match(await again.reply(), /^421 4\.7\.0 .*Too many connections from your address/);
  assert.equal(lines(fixture, 'rejected')[0]?.['client'], '203.0.113.1');
  again.socket.end();
  await first.ask('QUIT\r\n');
  while (fixture.receiver.connections > 1) await turns();
  await through(fixture, '203.0.113.1');
});

test('a header may come octet by octet, and commands right behind it', async (t) => {
  const fixture = await start(t, { balancers });
  const client = await fixture.client();
  const bytes = Buffer.from(`${header('203.0.113.9')}EHLO client.example\r\nMAIL FROM:<a@example.net>\r\n`);
  for (const octet of bytes) {
    client.socket.write(Buffer.of(octet));
    await turns();
  }
  assert.match(await client.reply(), /^220/);
  assert.match(await client.reply(), /^250-mx\.example\.org/);
  assert.match(await client.reply(), /^250 2\.1\.0/);
  const other = await fixture.client();
  other.socket.write(bytes);
  assert.match(await other.reply(), /^220/);
  assert.match(await other.reply(), /^250-mx\.example\.org/);
  assert.match(await other.reply(), /^250 2\.1\.0/);
});

for (const [name, text, reason] of [
  ['SMTP without a header', 'EHLO client.example\r\n', /does not begin/],
  ['a malformed header', 'PROXY TCP4 203.0.113.9 192.0.2.25 1\r\n', /ports/],
] as const) {
  test(`${name} from a balancer: the connection is closed without a reply, and the log says why`, async (t) => {
    const fixture = await start(t, { balancers });
    const client = await fixture.client();
    client.send(`${text}MAIL FROM:<a@example.net>\r\n`);
    assert.equal(await client.reply(), '');
    await allGone(fixture);
    const [failed] = lines(fixture, 'proxyHeaderFailed');
    assert.equal(failed?.['frontEnd'], '127.0.0.1');
    assert.match(String(failed?.['reason']), reason);
  });
}

test('a header that does not come is given up in time, and each of its octets restarts nothing', async (t) => {
  const fixture = await start(t, { balancers });
  const client = await fixture.client();
  client.send('PROXY ');
  await pass(fixture, 4_000);
  client.send('TCP4 ');
  assert.equal(fixture.receiver.connections, 1);
  await pass(fixture, 2_000);
  assert.equal(fixture.receiver.connections, 0);
  assert.match(String(lines(fixture, 'proxyHeaderFailed')[0]?.['reason']), /not complete after 5 s/);
});

test('a balancer that sends no header is a trouble with its address after three in a row, until one comes', async (t) => {
  const fixture = await start(t, { balancers });
  const waitInVain = async (): Promise<void> => {
    const client = await fixture.client();
    while (fixture.receiver.connections === 0) await turns();
    await pass(fixture, 6_000);
    assert.equal(await client.reply(), '');
  };
  await waitInVain();
  await waitInVain();
  assert.equal(fixture.troubles.list.length, 0);
  await waitInVain();
  const [trouble] = fixture.troubles.list;
  assert.equal(trouble?.level, 'warning');
  assert.match(
    trouble.text,
    /^The load balancer 127\.0\.0\.1 sends no proper PROXY header to \S+, so its connections are closed: no byte of it came within 5 s\.$/,
  );
  assert.equal(lines(fixture, 'proxyHeaderFailed').length, 3);
  await through(fixture, '203.0.113.9');
  assert.deepEqual(fixture.troubles.list, []);
});

test('a balancer that connects and closes, to see whether we live, leaves no line in the log', async (t) => {
  const fixture = await start(t, { balancers });
  const client = await fixture.client();
  while (fixture.receiver.connections === 0) await turns();
  client.socket.end();
  await allGone(fixture);
  assert.deepEqual(fixture.log, []);
});

test('connections that wait for a header count, and end when Sluice stops', async (t) => {
  const fixture = await start(t, { balancers, settings: { maxConnections: 1 } });
  const waiting = await fixture.client();
  while (fixture.receiver.connections === 0) await turns();
  const other = await fixture.client();
  assert.match(await other.reply(), /^421 4\.3\.2/);
  other.socket.end();
  const drained = Promise.withResolvers<void>();
  fixture.receiver.drain(() => drained.resolve());
  assert.equal(await waiting.reply(), '');
  await drained.promise;
});

test('a header from any other address ends the session, before what follows is taken as said by it', async (t) => {
  for (const bytes of [
    Buffer.from(header('203.0.113.9')),
    version2({ addresses: ipv4('203.0.113.9', '192.0.2.25', 1, 25) }),
  ]) {
    const fixture = await start(t, { balancers: ['192.0.2.0/24'] });
    const client = await fixture.client();
    assert.match(await client.reply(), /^220/);
    client.socket.write(Buffer.concat([bytes, Buffer.from('EHLO x\r\nMAIL FROM:<a@example.net>\r\n')]));
    let all = '';
    for (let reply = await client.reply(); reply !== ''; reply = await client.reply()) all += `${reply}\n`;
    assert.match(all, /^421 4\.7\.0 .*No PROXY header/m);
    assert.doesNotMatch(all, /^250/m);
    const rejected = lines(fixture, 'rejected').find(({ reply }) => String(reply).startsWith('421'));
    assert.equal(rejected?.['client'], '127.0.0.1');
    assert.match(String(rejected['reply']), /No PROXY header is taken from your address/);
  }
});

test('a client behind the balancer cannot give a header of its own', async (t) => {
  const fixture = await start(t, { balancers });
  const client = await through(fixture, '203.0.113.9');
  assert.match(await client.ask(header('127.0.0.1')), /^421 4\.7\.0 .*No PROXY header/);
});

test('where TLS is implicit, the handshake follows the header', async (t) => {
  const fixture = await start(t, { balancers, tls: 'implicit' });
  const client = await fixture.client();
  client.send(header('203.0.113.9'));
  await client.secure();
  assert.match(await client.reply(), /^220/);
  await client.ask('EHLO client.example\r\n');
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nhello\r\n.\r\n'), /^250/);
  assert.match(
    fixture.spool.kept[0]?.content ?? '',
    /^Received: from client\.example \(\[203\.0\.113\.9\]\)\r\n\tby mx\.example\.org with ESMTPS/,
  );
});

test('where TLS is implicit, the handshake may begin in one segment with the header', async (t) => {
  const fixture = await start(t, { balancers, tls: 'implicit' });
  const { socket } = await fixture.client();
  // A balancer that holds its header back until its client has sent the ClientHello.
  const balancer = createServer((inside) => {
    inside.once('data', (hello: Buffer) => {
      socket.removeAllListeners('data');
      socket.write(Buffer.concat([Buffer.from(header('203.0.113.9')), hello]));
      inside.on('data', (chunk: Buffer) => socket.write(chunk));
      socket.on('data', (chunk: string) => inside.write(chunk, 'latin1'));
    });
  });
  t.after(() => balancer.close());
  balancer.listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  const inside = connect({ host: '127.0.0.1', port: (balancer.address() as AddressInfo).port });
  await once(inside, 'connect');
  const client = new Client(inside);
  await client.secure();
  assert.match(await client.reply(), /^220/);
  assert.match(await client.ask('EHLO client.example\r\n'), /^250/);
  client.socket.destroy();
});
