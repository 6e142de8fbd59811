// An SMTP client for the benchmarks of TLS: it reads whole replies, and comes under TLS by STARTTLS.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';

/** One for all connections: making one costs more than a handshake. */
const secureContext = createSecureContext({ ca: [] });

export class BenchClient {
  #socket: Socket;
  #text = '';
  #waiting: { resolve(reply: string): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  /** Connects, and reads the greeting. */
  static async open(port: number): Promise<BenchClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const client = new BenchClient(socket);
    await client.reply();
    return client;
  }

  async ask(command: string): Promise<string> {
    this.#socket.write(`${command}\r\n`);
    return this.reply();
  }

  /** The next reply. */
  reply(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#look();
    });
  }

  /** STARTTLS with a whole handshake, then EHLO. */
  async secure(): Promise<void> {
    await this.ask('EHLO bench.test');
    await this.ask('STARTTLS');
    this.#socket.removeAllListeners('data');
    const secure: TLSSocket = connectTls({ socket: this.#socket, rejectUnauthorized: false, secureContext });
    this.#socket = secure;
    this.#listen(secure);
    await once(secure, 'secureConnect');
    await this.ask('EHLO bench.test');
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#text += text;
      this.#look();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#waiting?.reject(new Error('Sluice closed the connection')));
  }

  #look(): void {
    const match = /^(?:\d{3}-[^\r]*\r\n)*\d{3}(?: [^\r]*)?\r\n/u.exec(this.#text);
    const waiting = this.#waiting;
    if (match === null || waiting === undefined) return;
    this.#text = this.#text.slice(match[0].length);
    this.#waiting = undefined;
    waiting.resolve(match[0]);
  }
}
