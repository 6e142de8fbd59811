// A mail client for tests and the demo: sends many messages over a few connections, goes on after a lost connection, and
// records for each delivery whether the server accepted it (250), refused it, or never answered.

import { connect, type Socket } from 'node:net';
import { deliveryKey } from './tally.ts';

export interface Submission {
  /** Becomes the Message-ID, without its brackets. */
  readonly id: string;
  readonly from: string;
  readonly to: readonly string[];
  /** Bytes of body; 1,000 by default. */
  readonly sizeBytes?: number;
}

export interface SubmitterOptions {
  readonly address: string;
  readonly port: number;
  readonly connections: number;
  /** Messages per connection; unlimited by default. */
  readonly perConnection?: number;
  /** Tries to connect until it succeeds, so that a server may restart; else a refused connection ends the run. */
  readonly persistent?: boolean;
  readonly onAccepted?: (submission: Submission) => void;
}

export interface Submitted {
  /** Keys (`deliveryKey`) of deliveries that were answered with 250. */
  readonly accepted: Set<string>;
  /** Deliveries that were refused, with the reply. */
  readonly refused: Map<string, string>;
  /** Deliveries whose connection was lost before the answer. */
  readonly unknown: Set<string>;
  /** Number of lost connections. */
  lost: number;
}

/** Sends all `submissions`. Resolves when each has its answer or its connection was lost. */
export async function submit(
  submissions: Iterable<Submission>,
  options: SubmitterOptions,
): Promise<Submitted> {
  const result: Submitted = { accepted: new Set(), refused: new Map(), unknown: new Set(), lost: 0 };
  const queue = submissions[Symbol.iterator]();
  const workers = Array.from({ length: options.connections }, () => work(queue, options, result));
  await Promise.all(workers);
  return result;
}

async function work(
  queue: Iterator<Submission>,
  options: SubmitterOptions,
  result: Submitted,
): Promise<void> {
  const { perConnection = Infinity, persistent = false } = options;
  let session: Session | null = null;
  let sent = 0;
  for (;;) {
    const next = queue.next();
    if (next.done) break;
    const submission = next.value;
    try {
      if (session !== null && sent >= perConnection) {
        await session.quit();
        session = null;
      }
      if (session === null) {
        session = await Session.open(options.address, options.port, persistent);
        sent = 0;
      }
      sent++;
      await transact(session, submission, options, result);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (session === null && !persistent) throw error;
      session?.destroy();
      session = null;
      result.lost++;
      for (const recipient of submission.to) {
        const key = deliveryKey(submission.id, recipient);
        if (!result.accepted.has(key) && !result.refused.has(key)) result.unknown.add(key);
      }
    }
  }
  await session?.quit().catch(() => {}); // every answer is in, so a connection lost at QUIT does not matter
}

async function transact(
  session: Session,
  submission: Submission,
  options: SubmitterOptions,
  result: Submitted,
): Promise<void> {
  const { id, from, to } = submission;
  const refuse = (recipients: readonly string[], reply: string): void => {
    for (const recipient of recipients) result.refused.set(deliveryKey(id, recipient), reply);
  };
  // RFC 2920 3.1: DATA may end a pipelined group; its reply says whether the message may follow.
  session.write([`MAIL FROM:<${from}>`, ...to.map((one) => `RCPT TO:<${one}>`), 'DATA', ''].join('\r\n'));
  const mail = await session.reply();
  const taken: string[] = [];
  for (const recipient of to) {
    const reply = await session.reply();
    if (mail.startsWith('2') && reply.startsWith('2')) taken.push(recipient);
    else refuse([recipient], mail.startsWith('2') ? reply : mail);
  }
  const data = await session.reply();
  if (!data.startsWith('3')) {
    refuse(taken, data);
    session.write('RSET\r\n');
    await session.reply();
    return;
  }
  session.write(taken.length === 0 ? '.\r\n' : contentOf(submission));
  const verdict = await session.reply();
  if (taken.length === 0) return;
  if (verdict.startsWith('2')) {
    for (const recipient of taken) result.accepted.add(deliveryKey(id, recipient));
    options.onAccepted?.(submission);
  } else refuse(taken, verdict);
}

const line = `${'The quick brown fox jumps over the lazy dog, and the mail goes on. '.repeat(2).slice(0, 76)}\r\n`;
const bodies = new Map<number, string>();

function contentOf({ id, from, to, sizeBytes = 1000 }: Submission): string {
  let body = bodies.get(sizeBytes);
  if (body === undefined) {
    body = line.repeat(Math.ceil(sizeBytes / line.length));
    bodies.set(sizeBytes, body);
  }
  const head = `From: <${from}>\r\nTo: <${to[0] ?? ''}>\r\nSubject: ${id}\r\nMessage-ID: <${id}>\r\n`;
  return `${head}Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\n${body}.\r\n`;
}

/** The connection could not be made, or ended before every answer was in. */
export class ConnectionLost extends Error {
  constructor(address: string, port: number) {
    super(`the connection to ${address}:${port} was lost`);
    this.name = 'ConnectionLost';
  }
}

/** One client connection, read reply by reply. */
export class Session {
  readonly #socket: Socket;
  readonly #lost: ConnectionLost;
  #text = '';
  #replies: string[] = [];
  #waiting: { resolve: (reply: string) => void; reject: (error: Error) => void } | null = null;
  #ended = false;

  constructor(socket: Socket, address: string, port: number) {
    this.#socket = socket;
    this.#lost = new ConnectionLost(address, port);
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('close', () => {
      this.#ended = true;
      this.#waiting?.reject(this.#lost);
      this.#waiting = null;
    });
  }

  /** Connects, reads the greeting and says EHLO. A refused connection is tried again when `persistent`. */
  static async open(address: string, port: number, persistent = false): Promise<Session> {
    for (;;) {
      const socket = connect({ host: address, port });
      const session = new Session(socket, address, port);
      socket.on('error', () => {}); // `close` follows and rejects a waiting `reply`
      try {
        const greeting = await session.reply();
        if (greeting.startsWith('220')) {
          session.write('EHLO client.test\r\n');
          if ((await session.reply()).startsWith('250')) return session;
        }
        session.destroy();
        if (!persistent) throw new ConnectionLost(address, port);
      } catch (error) {
        if (!persistent || !(error instanceof ConnectionLost)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20)); // between two tries, as any client does
    }
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** The next complete reply, with the lines of a multi-line reply joined by `\n`. */
  reply(): Promise<string> {
    const ready = this.#replies.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#ended) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  async quit(): Promise<void> {
    this.write('QUIT\r\n');
    await this.reply();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const last = /(?:^|\n)\d{3}(?: [^\n]*)?\r?\n/u.exec(this.#text);
      if (last === null) return;
      const end = last.index + last[0].length;
      const reply = this.#text.slice(0, end).replaceAll('\r', '').trimEnd();
      this.#text = this.#text.slice(end);
      if (this.#waiting) {
        const { resolve } = this.#waiting;
        this.#waiting = null;
        resolve(reply);
      } else this.#replies.push(reply);
    }
  }
}
