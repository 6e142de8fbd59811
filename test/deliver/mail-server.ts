// A mail server on loopback that a test plays by hand: it says what the test says, and hands over each line as it came.

import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';

const endOfContent = Buffer.from('\r\n.\r\n');

/** The server's end of one connection. */
export class Peer {
  /** The socket of TLS, once there is one. */
  socket: Socket;
  /** Everything that the client has sent. */
  received: Buffer = Buffer.alloc(0);
  receivedBytes = 0;
  /** Resolves when the client is gone. */
  readonly closed: Promise<void>;
  /** False: the bytes are only counted. */
  keeps = true;
  #at = 0;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', this.#take);
    socket.on('end', () => this.#over());
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#over();
        resolve();
      });
    });
  }

  readonly #take = (bytes: Buffer): void => {
    this.receivedBytes += bytes.length;
    if (this.keeps) this.received = Buffer.concat([this.received, bytes]);
    this.#wake();
  };

  /** Puts TLS over the connection, as its server; resolves when the handshake is through, or the client is gone. */
  async underTls(options: TLSSocketOptions): Promise<TLSSocket> {
    this.socket.off('data', this.#take);
    const secure = new TLSSocket(this.socket, { ...options, isServer: true });
    secure.on('error', () => undefined);
    secure.on('data', this.#take);
    this.socket = secure;
    await new Promise<void>((resolve) => {
      secure.on('secure', resolve);
      secure.on('close', resolve);
    });
    return secure;
  }

  say(...lines: readonly string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** The next line of the client without its CRLF; undefined when it ended instead. */
  async line(): Promise<string | undefined> {
    const end = await this.#find(Buffer.from('\r\n'));
    if (end === undefined) return undefined;
    const line = this.received.toString('utf8', this.#at, end);
    this.#at = end + 2;
    return line;
  }

  /** The client's content as it came, up to and with the final dot. */
  async content(): Promise<string | undefined> {
    // The end may begin with the CRLF of DATA when the content is empty; here it never is.
    const end = await this.#find(endOfContent);
    if (end === undefined) return undefined;
    const content = this.received.toString('utf8', this.#at, end + endOfContent.length);
    this.#at = end + endOfContent.length;
    return content;
  }

  /** Expects these lines, and answers each with its reply. */
  async dialogue(...turns: readonly (readonly [line: string, ...reply: string[]])[]): Promise<void> {
    for (const [expected, ...reply] of turns) {
      const line = await this.line();
      if (line !== expected)
        throw new Error(`the client said ${JSON.stringify(line)} instead of ${JSON.stringify(expected)}`);
      if (reply.length > 0) this.say(...reply);
    }
  }

  /** Greeting and EHLO. */
  async hello(...extensions: readonly string[]): Promise<void> {
    this.say('220 mx.test ESMTP');
    const names = ['mx.test', ...extensions];
    await this.dialogue([
      'EHLO sluice.test',
      ...names.map((name, i) => `250${i === names.length - 1 ? ' ' : '-'}${name}`),
    ]);
  }

  /** Takes one message of `a@from.test` without pipelining and returns its content. */
  async take(...recipients: readonly string[]): Promise<string | undefined> {
    await this.dialogue(
      ['MAIL FROM:<a@from.test>', '250 ok'],
      ...recipients.map((recipient) => [`RCPT TO:<${recipient}>`, '250 ok'] as const),
      ['DATA', '354 go'],
    );
    const content = await this.content();
    this.say('250 2.0.0 taken');
    return content;
  }

  end(): void {
    this.socket.end();
  }

  /**
   * Resets the connection at once; not after `end`. Node's `resetAndDestroy` shuts the stream down first, and a reset
   * while a shutdown is pending leaves a handle behind that makes Node 26.10 spin when the process ends.
   */
  reset(): void {
    Object.assign(this.socket, { resetAndClosing: true });
    this.socket.destroy();
  }

  #over(): void {
    this.#ended = true;
    this.#wake();
  }

  async #find(bytes: Buffer): Promise<number | undefined> {
    for (;;) {
      const at = this.received.indexOf(bytes, this.#at);
      if (at !== -1) return at;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export class MailServer {
  readonly #server: Server;
  readonly #peers: Peer[] = [];
  #wake: () => void = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#peers.push(new Peer(socket));
      this.#wake();
    });
  }

  static async listen(t: TestContext): Promise<MailServer> {
    const server = createServer({ noDelay: true });
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    const mailServer = new MailServer(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return mailServer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection. */
  async accept(): Promise<Peer> {
    for (;;) {
      const peer = this.#peers.shift();
      if (peer !== undefined) return peer;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
