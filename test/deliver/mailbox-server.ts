// A server for SMTP or LMTP that answers by itself, at a TCP port or a Unix-domain socket. What it says about a recipient is told by
// the recipient's local part: `unknown` is refused at RCPT, `full` (in LMTP) after the content, everyone else gets the mail.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { SocketEndpoint } from '../../src/values/hop-endpoint.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface Delivery {
  readonly to: readonly string[];
  readonly content: string;
}

export interface MailboxServer {
  readonly endpoint: SocketEndpoint;
  readonly deliveries: readonly Delivery[];
  /** Connections that there ever were. */
  readonly connections: number;
}

const endOfContent = '\r\n.\r\n';

class Session {
  readonly #socket: Socket;
  readonly #isLmtp: boolean;
  readonly #deliveries: Delivery[];
  #text = '';
  #recipients: string[] = [];
  #takesContent = false;

  constructor(socket: Socket, isLmtp: boolean, deliveries: Delivery[]) {
    this.#socket = socket;
    this.#isLmtp = isLmtp;
    this.#deliveries = deliveries;
    socket.write('220 mail.test\r\n');
  }

  receive(text: string): void {
    this.#text += text;
    for (;;) {
      const end = this.#takesContent ? endOfContent : '\r\n';
      const at = this.#text.indexOf(end);
      if (at === -1) return;
      const piece = this.#text.slice(0, at);
      this.#text = this.#text.slice(at + end.length);
      if (this.#takesContent) this.#take(piece);
      else this.#answer(piece);
    }
  }

  #answer(line: string): void {
    const [verb = ''] = line.split(/[ :]/);
    const address = /<(.*)>/.exec(line)?.[1] ?? '';
    if (verb === (this.#isLmtp ? 'LHLO' : 'EHLO')) this.#say('250-mail.test', '250 PIPELINING');
    else if (verb === 'RCPT' && address.startsWith('unknown')) this.#say('550 5.1.1 no such mailbox');
    else if (verb === 'RCPT') {
      this.#recipients.push(address);
      this.#say('250 2.1.5 ok');
    } else if (verb === 'DATA' && this.#recipients.length === 0) this.#say('503 5.5.1 no recipient');
    else if (verb === 'DATA') {
      this.#takesContent = true;
      this.#say('354 go');
    } else if (verb === 'QUIT') {
      this.#say('221 bye');
      this.#socket.end();
    } else if (verb === 'MAIL' || verb === 'RSET') {
      this.#recipients = [];
      this.#say('250 ok');
    } else this.#say('500 5.5.1 unknown command');
  }

  #take(content: string): void {
    this.#takesContent = false;
    const isFull = (address: string) => this.#isLmtp && address.startsWith('full');
    const to = this.#recipients.filter((address) => !isFull(address));
    this.#deliveries.push({ to, content });
    if (!this.#isLmtp) this.#say('250 2.0.0 saved');
    else for (const each of this.#recipients) this.#say(isFull(each) ? '552 5.2.2 full' : '250 2.0.0 saved');
  }

  #say(...lines: readonly string[]): void {
    this.#socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }
}

export async function startMailboxServer(
  t: TestContext,
  protocol: 'smtp' | 'lmtp',
  at: 'tcp' | 'unix',
): Promise<MailboxServer> {
  const deliveries: Delivery[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const session = new Session(socket, protocol === 'lmtp', deliveries);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => session.receive(text));
    socket.on('error', () => undefined);
  });
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  const facts = {
    deliveries,
    get connections() {
      return sockets.size;
    },
  };
  if (at === 'tcp') {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(close);
    const { port } = server.address() as AddressInfo;
    return Object.assign(facts, { endpoint: { kind: 'tcp', ip: '127.0.0.1', port } as const });
  }
  const folder = temporaryFolder(t, 'mailbox-server');
  const path = join(folder.path, 'socket');
  server.listen(path);
  await once(server, 'listening');
  folder.atEnd(close);
  return Object.assign(facts, { endpoint: { kind: 'unix', path } as const });
}
