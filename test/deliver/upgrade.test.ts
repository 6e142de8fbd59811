// TLS over an outgoing connection in place: what is said after it is encrypted, and nothing that was said before it passes as said
// under it (RFC 3207 4.2).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { OutgoingSocket } from '../../src/deliver/smtp/outgoing-socket.ts';
import { dial } from '../../src/io/dial.ts';
import { cert, key } from './certificate.ts';

/** A client that says STARTTLS, upgrades when the reply is there, and then says EHLO; `heard` is what came under TLS. */
class Client {
  readonly socket: OutgoingSocket;
  readonly lost = Promise.withResolvers<string>();
  readonly heard = Promise.withResolvers<string>();
  isSecure = false;

  constructor(port: number, ca: string[]) {
    let clear = '';
    let isUpgraded = false;
    this.socket = new OutgoingSocket(dial, { kind: 'tcp', ip: '127.0.0.1', port }, '', {
      connected: () => this.socket.write(Buffer.from('STARTTLS\r\n')),
      received: (bytes) => {
        const text = Buffer.from(bytes).toString();
        if (isUpgraded) {
          this.heard.resolve(text);
          return;
        }
        clear += text;
        const end = clear.indexOf('\r\n');
        if (end === -1) return;
        isUpgraded = true;
        const unread = Buffer.byteLength(clear.slice(end + 2));
        this.socket.upgrade({ ca, servername: 'mx.test' }, unread, () => {
          this.isSecure = true;
        });
        if (unread === 0) this.socket.write(Buffer.from('EHLO a.test\r\n'));
      },
      lost: (reason) => this.lost.resolve(reason),
    });
  }
}

/** @param serve - gets the connection once the client has said STARTTLS */
async function serverOf(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => serve(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function underTls(socket: Socket): TLSSocket {
  const secure = new TLSSocket(socket, { isServer: true, key, cert });
  secure.on('error', () => undefined);
  secure.on('data', (bytes: Buffer) => secure.write(`250 under TLS: ${bytes.toString()}`));
  return secure;
}

function clientOf(t: TestContext, port: number, ca: string[]): Client {
  const client = new Client(port, ca);
  t.after(() => client.socket.destroy());
  return client;
}

test('a connection is upgraded to TLS in place', async (t) => {
  const port = await serverOf(t, (socket) => {
    socket.write('220 ready\r\n');
    underTls(socket);
  });
  const client = clientOf(t, port, [cert]);
  assert.equal(await client.heard.promise, '250 under TLS: EHLO a.test\r\n');
  assert.equal(client.isSecure, true);
  assert.equal(client.socket.localAddress, '127.0.0.1');
  client.socket.destroy();
  assert.equal(client.socket.isGone, true);
});

test('the end of a connection under TLS is reported', async (t) => {
  const port = await serverOf(t, (socket) => {
    socket.write('220 ready\r\n');
    const secure = underTls(socket);
    secure.once('data', () => secure.end());
  });
  const client = clientOf(t, port, [cert]);
  assert.match(await client.lost.promise, /^the remote server closed the connection$/);
});

test('a reply that an attacker sends in clear with the reply to STARTTLS ends the connection', async (t) => {
  const port = await serverOf(t, (socket) => {
    socket.write('220 ready\r\n250 injected\r\n');
    underTls(socket);
  });
  const client = clientOf(t, port, [cert]);
  assert.equal(await client.lost.promise, 'the server sent 14 bytes in clear after it had agreed to use TLS');
  assert.equal(client.socket.isGone, true);
  assert.equal(client.isSecure, false);
});

test('a reply in clear that comes later is no reply under TLS: the handshake fails', async (t) => {
  const port = await serverOf(t, (socket) => {
    socket.write('220 ready\r\n');
    // The client has upgraded by the time its first bytes of TLS arrive.
    socket.once('data', () => socket.write('250 injected\r\n'));
  });
  const client = clientOf(t, port, [cert]);
  assert.match(await client.lost.promise, /^TLS failed: /);
  assert.equal(client.isSecure, false);
});

test('a certificate that is not accepted ends the connection before anything is said', async (t) => {
  const said: string[] = [];
  const port = await serverOf(t, (socket) => {
    socket.write('220 ready\r\n');
    underTls(socket).on('data', (bytes: Buffer) => said.push(bytes.toString()));
  });
  const client = clientOf(t, port, []);
  assert.match(await client.lost.promise, /^TLS failed: /);
  assert.equal(client.isSecure, false);
  assert.deepEqual(said, []);
});
