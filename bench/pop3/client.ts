// A POP3 client that costs little beside the server that it measures: it looks for the ends of answers, and keeps nothing of messages.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const end = Buffer.from('\r\n.\r\n');

export class Pop3Client {
  readonly #socket: Socket;
  /** What takes the next bytes. */
  #take: (chunk: Buffer) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Connects, and reads the greeting. */
  static async open(port: number): Promise<Pop3Client> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const client = new Pop3Client(socket);
    await client.#line();
    return client;
  }

  /** @returns ms until the mailbox was open */
  async logIn(user: string, password: string): Promise<number> {
    await this.say(`USER ${user}`);
    const begin = performance.now();
    await this.say(`PASS ${password}`);
    return performance.now() - begin;
  }

  /** A command whose answer is one line. @throws {Error} when it is refused */
  async say(command: string): Promise<string> {
    const answer = this.#line();
    this.#socket.write(`${command}\r\n`);
    const line = await answer;
    if (!line.startsWith('+OK')) throw new Error(`${command}: ${line}`);
    return line;
  }

  /** A command whose answer has many lines. @returns bytes of the answer */
  async list(command: string): Promise<number> {
    let bytes = 0;
    const answer = this.#answers(1, (count) => (bytes += count));
    this.#socket.write(`${command}\r\n`);
    await answer;
    return bytes;
  }

  /**
   * Has the messages 1 to `count` sent.
   * @param ahead - commands that are sent before their turn; 0: each after the answer to the one before
   * @returns bytes of the answers
   */
  async retrieve(count: number, ahead: number): Promise<number> {
    let bytes = 0;
    let asked = 0;
    const ask = (upTo: number): void => {
      let commands = '';
      while (asked < Math.min(upTo, count)) commands += `RETR ${++asked}\r\n`;
      if (commands !== '') this.#socket.write(commands);
    };
    const answer = this.#answers(
      count,
      (length) => (bytes += length),
      (done) => {
        // Half of the commands are on their way while the others are answered, as clients do that send several at once.
        if (asked - done <= ahead / 2) ask(done + 1 + ahead);
      },
    );
    ask(1 + ahead);
    await answer;
    return bytes;
  }

  async quit(): Promise<void> {
    await this.say('QUIT');
    this.#socket.destroy();
  }

  #line(): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      const closed = (): void => reject(new Error('the connection was closed'));
      this.#socket.once('close', closed);
      this.#take = (chunk) => {
        text += chunk.toString('latin1');
        if (!text.endsWith('\r\n')) return;
        this.#socket.off('close', closed);
        resolve(text.trimEnd());
      };
    });
  }

  #answers(
    count: number,
    read: (bytes: number) => void,
    onDone: (done: number) => void = () => undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const closed = (): void => reject(new Error('the connection was closed'));
      this.#socket.once('close', closed);
      let done = 0;
      let rest: Buffer = Buffer.alloc(0);
      this.#take = (chunk) => {
        read(chunk.length);
        const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        if (done === 0 && bytes[0] === 0x2d) {
          reject(new Error(bytes.toString('latin1', 0, 200)));
          return;
        }
        let from = 0;
        for (let at = bytes.indexOf(end); at !== -1; at = bytes.indexOf(end, from)) {
          from = at + end.length;
          done++;
        }
        rest = bytes.subarray(Math.max(from, bytes.length - end.length + 1));
        if (done < count) {
          onDone(done);
          return;
        }
        this.#socket.off('close', closed);
        resolve();
      };
    });
  }
}
