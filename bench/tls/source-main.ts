// The generator of the relay benchmark under TLS, since smtp-source of Debian has none: PORT SESSIONS MESSAGES BYTES KIND. Kinds: `reused`: each
// session sends many messages; `resumed` and `full`: a connection for each message, whose TLS session is continued or new.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';

const [port, sessions, messages, bytes] = process.argv.slice(2, 6).map(Number) as [
  number,
  number,
  number,
  number,
];
const kind = process.argv[6];
const line = `${'x'.repeat(78)}\r\n`;
const content = `From: <sender@bench.test>\r\nTo: <recipient@destination.test>\r\nSubject: bench\r\n\r\n${line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes - 2)}\r\n.\r\n`;
/** One for all connections. The group is one that Debian's OpenSSL has as well, so that all systems do the same work. */
const secureContext = createSecureContext({ minVersion: 'TLSv1.3', ecdhCurve: 'X25519', ca: [] });
let left = messages;
/** The last ticket. It is used again and again, as mail servers do: Sluice gives out no new one when a session is resumed. */
let ticket: Buffer | undefined;
let resumed = 0;

class Connection {
  readonly #socket: Socket;
  #text = '';
  #waiting: ((reply: string) => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#text += text;
      this.#look();
    });
    socket.on('error', (error) => {
      throw error;
    });
  }

  async ask(text: string, code: string): Promise<void> {
    this.#socket.write(text);
    const reply = await this.reply();
    if (!reply.startsWith(code)) throw new Error(`${text.slice(0, 40).trimEnd()} was answered ${reply}`);
  }

  reply(): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#look();
    });
  }

  #look(): void {
    const match = /^(?:\d{3}-[^\r]*\r\n)*\d{3}(?: [^\r]*)?\r\n/u.exec(this.#text);
    if (match === null || this.#waiting === undefined) return;
    this.#text = this.#text.slice(match[0].length);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting(match[0]);
  }
}

async function open(): Promise<{ connection: Connection; socket: TLSSocket }> {
  const below = connect({ port, host: '127.0.0.1', noDelay: true });
  const clear = new Connection(below);
  await clear.reply();
  await clear.ask('EHLO source.test\r\n', '250');
  await clear.ask('STARTTLS\r\n', '220');
  below.removeAllListeners('data').removeAllListeners('error');
  const session = kind === 'resumed' ? ticket : undefined;
  const socket = connectTls({
    socket: below,
    rejectUnauthorized: false,
    secureContext,
    ...(session !== undefined && { session }),
  });
  if (kind === 'resumed') {
    socket.on('session', (given: Buffer) => {
      ticket = given;
    });
  }
  await once(socket, 'secureConnect');
  if (socket.isSessionReused()) resumed++;
  const connection = new Connection(socket);
  await connection.ask('EHLO source.test\r\n', '250');
  return { connection, socket };
}

async function send(connection: Connection): Promise<void> {
  await connection.ask('MAIL FROM:<sender@bench.test>\r\n', '250');
  await connection.ask('RCPT TO:<recipient@destination.test>\r\n', '250');
  await connection.ask('DATA\r\n', '354');
  await connection.ask(content, '250');
}

/** Takes one of the messages that are left. */
function take(): boolean {
  return left-- > 0;
}

async function work(): Promise<void> {
  while (take()) {
    const { connection, socket } = await open();
    do await send(connection);
    while (kind === 'reused' && take());
    await connection.ask('QUIT\r\n', '221');
    socket.destroy();
  }
}

await Promise.all(Array.from({ length: sessions }, work));
process.stdout.write(`${resumed} resumed\n`);
