// Clients that send as mail servers do: to the first of several servers that answers, and again until one has taken the message. They record
// what each server said, and how often they could not know whether it had taken the message.

import { connect } from 'node:net';
import { netstring } from '../../src/protocol/netstring/write-netstring.ts';
import { ConnectionLost, Session } from './submitter.ts';

export interface Letter {
  /** Becomes the Message-ID, without its brackets. */
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly sizeBytes: number;
}

export interface ClientOptions {
  /** In the order in which they are tried. */
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  /** The address of the client. */
  readonly from: string;
  readonly connections: number;
  /** Ends all tries, also of messages that no server has taken. */
  readonly signal: AbortSignal;
}

/** What the clients have heard. */
export class Heard {
  readonly taken = new Set<string>();
  /** How often a server may have taken a message without the client's knowing it, by message. */
  readonly doubts = new Map<string, number>();
  /** Other refusals: the replies. */
  readonly refusals: string[] = [];

  doubt({ id }: Letter): void {
    this.doubts.set(id, (this.doubts.get(id) ?? 0) + 1);
  }

  get doubtCount(): number {
    return [...this.doubts.values()].reduce((sum, count) => sum + count, 0);
  }
}

type Answer = 'taken' | 'again';

/** Sends all letters by SMTP. Resolves when each is taken. */
export async function sendBySmtp(
  letters: Iterator<Letter>,
  options: ClientOptions,
  heard: Heard,
): Promise<void> {
  await Promise.all(Array.from({ length: options.connections }, () => sendSession(letters, options, heard)));
}

async function sendSession(letters: Iterator<Letter>, options: ClientOptions, heard: Heard): Promise<void> {
  const link = new Link(options);
  for (let next = letters.next(); !next.done; next = letters.next())
    while (!options.signal.aborted && (await transact(link, next.value, heard)) === 'again')
      await link.move();
  link.session?.destroy();
}

/** The session with one of the servers, and after its loss the one with the next. */
class Link {
  session: Session | undefined;
  readonly #options: ClientOptions;
  #index = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async open(): Promise<Session> {
    if (this.session !== undefined) return this.session;
    const { servers, from } = this.#options;
    const { address, port } = servers[this.#index % servers.length]!;
    const socket = connect({ host: address, port, localAddress: from });
    socket.on('error', () => undefined); // `close` follows, and ends the wait for a reply
    const session = new Session(socket, address, port);
    if (!(await session.reply()).startsWith('220')) throw new ConnectionLost(address, port);
    session.write('EHLO client.test\r\n');
    if (!(await session.reply()).startsWith('250')) throw new ConnectionLost(address, port);
    return (this.session = session);
  }

  /** To the next server. After all of them, the client waits a moment. */
  async move(): Promise<void> {
    this.session?.destroy();
    this.session = undefined;
    if (++this.#index % this.#options.servers.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function transact(link: Link, letter: Letter, heard: Heard): Promise<Answer> {
  let isSent = false;
  try {
    const session = await link.open();
    for (const line of [`MAIL FROM:<${letter.from}>`, `RCPT TO:<${letter.to}>`, 'DATA']) {
      session.write(`${line}\r\n`);
      const reply = await session.reply();
      // RFC 5321 3.8: the server is going. Nothing was said of the message.
      if (reply.startsWith('421')) return 'again';
      if (!/^[23]/u.test(reply)) {
        heard.refusals.push(`${line}: ${reply}`);
        return 'again';
      }
    }
    isSent = true;
    session.write(`${contentOf(letter)}.\r\n`);
    const reply = await session.reply();
    if (reply.startsWith('250')) {
      heard.taken.add(letter.id);
      return 'taken';
    }
    // The connection between front end and centre was lost: the centre may have the message.
    if (reply.startsWith('451 4.4.2')) heard.doubt(letter);
    else heard.refusals.push(`the content: ${reply}`);
    return 'again';
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    if (isSent) heard.doubt(letter);
    return 'again';
  }
}

/** Sends all letters by QMQP, a connection for each. Resolves when each is taken. */
export async function sendByQmqp(
  letters: Iterator<Letter>,
  { servers, from, connections, signal }: ClientOptions,
  heard: Heard,
): Promise<void> {
  const work = async (): Promise<void> => {
    for (let next = letters.next(); !next.done; next = letters.next()) {
      const letter = next.value;
      for (let index = 0; !signal.aborted && !heard.taken.has(letter.id); index++) {
        const answer = await packageAnswer(servers[index % servers.length]!, from, letter);
        if (answer?.startsWith('K') === true) heard.taken.add(letter.id);
        else if (answer === '') heard.doubt(letter);
        else if (answer !== undefined) heard.refusals.push(answer);
        if (!heard.taken.has(letter.id) && index % servers.length === servers.length - 1)
          await new Promise((resolve) => setTimeout(resolve, 20)); // between two rounds, as any client does
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
}

/** @returns the text of the answer; empty when it was lost, undefined when there was no connection */
async function packageAnswer(
  { address, port }: ClientOptions['servers'][number],
  from: string,
  letter: Letter,
): Promise<string | undefined> {
  const socket = connect({ host: address, port, localAddress: from });
  socket.on('error', () => undefined); // `close` follows
  let [isThere, text] = [false, ''];
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.once('connect', () => {
    isThere = true;
    const parts = [contentOf(letter).replaceAll('\r\n', '\n'), letter.from, letter.to].map((part) =>
      netstring(part),
    );
    socket.write(netstring(Buffer.concat(parts)));
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return isThere ? (/^\d+:(.*),$/su.exec(text)?.[1] ?? '') : undefined;
}

function contentOf({ id, from, to, sizeBytes }: Letter): string {
  const line = `${'x'.repeat(76)}\r\n`;
  const head = `From: <${from}>\r\nTo: <${to}>\r\nSubject: ${id}\r\nMessage-ID: <${id}>\r\n`;
  const body = line.repeat(Math.ceil(sizeBytes / line.length));
  return `${head}Date: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\n${body}`;
}
