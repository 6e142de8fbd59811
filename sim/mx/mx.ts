// A simulated mail exchanger on loopback: it takes mail, counts it, and behaves as its personality says.
// A small and quick destination for tests and the demo. It accepts commands that a real server would refuse.

import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Census, Sighting } from './census.ts';
import { normal, type Answer, type Moment, type Personality, type Stage } from './personality.ts';
import { Tally } from './tally.ts';

export interface MxOptions {
  readonly address: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly personality?: Personality;
  /** The keywords that EHLO lists after the name. A test leaves out the extension that is to be missing. */
  readonly extensions?: readonly string[];
  /** Called for every message that was answered with 250. */
  readonly onMessage?: (message: MxMessage) => void;
  /** Counts connections and transactions, together with those of other exchangers. */
  readonly census?: Census;
}

export interface MxMessage {
  /** The address that it came from. */
  readonly client: string;
  readonly sender: string;
  /** MAIL's line, with its parameters. */
  readonly mail: string;
  readonly recipients: readonly string[];
  /** Each RCPT's line, with its parameters. */
  readonly rcpts: readonly string[];
  /** The content as it came, without the final dot line; dots at the start of lines are still doubled. */
  readonly content: Buffer;
}

export interface Mx {
  readonly address: string;
  readonly port: number;
  readonly tally: Tally;
  close(): Promise<void>;
}

/** What a server offers where a test does not say otherwise. `CHUNKING` can be added. */
export const plainExtensions = [
  'PIPELINING',
  'SIZE 104857600',
  '8BITMIME',
  'SMTPUTF8',
  'ENHANCEDSTATUSCODES',
  'DSN',
];
const endOfData = Buffer.from('\r\n.\r\n');
const headEnd = Buffer.from('\r\n\r\n');

export async function startMx(options: MxOptions): Promise<Mx> {
  const tally = new Tally();
  const perClient = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    const client = socket.remoteAddress ?? '';
    sockets.add(socket);
    perClient.set(client, (perClient.get(client) ?? 0) + 1);
    tally.connections++;
    tally.maxConnections = Math.max(tally.maxConnections, tally.connections);
    socket.on('error', () => {}); // a client that hangs up is no fault here; `close` follows
    socket.on('close', () => {
      sockets.delete(socket);
      stopCounting();
    });
    const sighting: Sighting = { ip: options.address, client };
    const leaveCensus = options.census?.connected(sighting);
    // After QUIT the client may open its next connection before this socket is closed, so this one stops counting earlier.
    let counts = true;
    const stopCounting = (): void => {
      if (counts) {
        leaveCensus?.();
        perClient.set(client, (perClient.get(client) ?? 1) - 1);
        tally.connections--;
      }
      counts = false;
    };
    socket.on('end', stopCounting);
    serveSession(socket, sighting, () => perClient.get(client) ?? 0, stopCounting, options, tally);
  });
  server.listen({ host: options.address, port: options.port, backlog: 1024 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: options.address,
    port,
    tally,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serveSession(
  socket: Socket,
  sighting: Sighting,
  connections: () => number,
  stopCounting: () => void,
  { personality = normal, extensions = plainExtensions, onMessage, census }: MxOptions,
  tally: Tally,
): void {
  const { client } = sighting;
  let unread: Buffer = Buffer.alloc(0);
  let content: Buffer[] | null = null;
  /** A chunk that is being read (RFC 3030 2). */
  let chunk: { left: number; readonly isLast: boolean; readonly isTaken: boolean } | undefined;
  /** The chunks of the message so far. */
  let chunks: Buffer[] = [];
  let mail = '';
  let sender = '';
  let recipients: string[] = [];
  let rcpts: string[] = [];
  let messages = 0;
  let busy = false;
  let replies = '';
  /** Removes the current transaction from the census. */
  let leaveCensus: (() => void) | undefined;

  const ask = (stage: Stage, recipient = ''): Answer => {
    const moment: Moment = {
      stage,
      client,
      connections: connections(),
      now: performance.now(),
      messages,
      sender,
      recipient,
    };
    return personality(moment) ?? {};
  };
  const flush = (): void => {
    if (replies !== '') socket.write(replies, 'latin1');
    replies = '';
  };
  const endTransaction = (): void => {
    leaveCensus?.();
    leaveCensus = undefined;
  };
  const reset = (): void => {
    endTransaction();
    mail = sender = '';
    recipients = [];
    rcpts = [];
    chunks = [];
  };
  /** Sends the personality's reply, else `plain`; `accepted` runs only after a 2xx or 3xx. */
  const reply = (answer: Answer, plain: string, accepted: () => void, endsTransaction = false): void => {
    const finish = (): void => {
      const text = answer.reply ?? (answer.hangUp === undefined ? plain : '');
      if (endsTransaction) endTransaction();
      if (text !== '') replies += `${text}\r\n`;
      if (text.startsWith('4')) tally.tempfails++;
      else if (text.startsWith('5')) tally.permfails++;
      else if (text !== '') accepted();
      if (answer.hangUp === undefined) return;
      flush();
      if (answer.hangUp === 'reset') socket.resetAndDestroy();
      else socket.end();
    };
    const { delayMs = 0, after } = answer;
    if (delayMs === 0 && after === undefined) {
      finish();
      return;
    }
    busy = true;
    flush();
    socket.pause();
    const goOn = (): void => {
      busy = false;
      if (socket.destroyed) return;
      finish();
      socket.resume();
      read();
    };
    if (after === undefined) setTimeout(goOn, delayMs);
    else void after.then(() => setTimeout(goOn, delayMs));
  };
  const command = (line: string): void => {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO') {
      const names = ['mx.test', ...extensions];
      const text = names.map((name, i) => `250${i === names.length - 1 ? ' ' : '-'}${name}`).join('\r\n');
      reply(ask('ehlo'), text, reset);
    } else if (verb === 'MAIL') {
      reset();
      sender = pathIn(line);
      mail = line;
      reply(ask('mail'), '250 2.1.0 Ok', () => {});
    } else if (verb === 'RCPT') {
      const recipient = pathIn(line);
      reply(ask('rcpt', recipient), '250 2.1.5 Ok', () => {
        recipients.push(recipient);
        rcpts.push(line);
      });
    } else if (verb === 'DATA') {
      if (recipients.length === 0) replies += '503 5.5.1 No valid recipients\r\n';
      else {
        reply(ask('data'), '354 Go ahead', () => {
          content = [];
          leaveCensus = census?.began(sighting, sender, recipients);
        });
      }
    } else if (verb === 'BDAT') {
      const [, size = '', last] = line.split(' ');
      // The chunk is read in any case (RFC 3030 2).
      chunk = { left: Number(size), isLast: last !== undefined, isTaken: recipients.length > 0 };
      if (chunk.isTaken) leaveCensus ??= census?.began(sighting, sender, recipients);
    } else if (verb === 'QUIT') {
      replies += '221 2.0.0 Bye\r\n';
      stopCounting();
      flush();
      socket.end();
    } else {
      if (verb === 'RSET') reset();
      replies += '250 2.0.0 Ok\r\n';
    }
  };
  const message = (whole: Buffer): void => {
    const answer = ask('message');
    if (unread.length > 0) tally.followed++;
    const keep = (): void => {
      messages++;
      tally.deliver(messageIdOf(whole), recipients);
      onMessage?.({ client, sender, mail, recipients, rcpts, content: whole });
    };
    if (answer.kept) keep();
    reply(answer, '250 2.0.0 Ok', keep, true);
  };
  const readContent = (parts: Buffer[]): void => {
    if (parts.length === 0 && unread.length > 0) {
      const answer = ask('content');
      if (answer.hangUp) {
        reply(answer, '', () => {});
        return;
      }
    }
    // The final dot line may be split over reads: search the new bytes together with the last few of the old.
    const before = parts.at(-1)?.subarray(-4) ?? Buffer.from('\r\n');
    const seam = Buffer.concat([before, unread]);
    const at = seam.indexOf(endOfData);
    if (at === -1) {
      if (unread.length > 0)
        parts.push(unread.length < 4 && parts.length > 0 ? joinLast(parts, unread) : unread);
      unread = Buffer.alloc(0);
      return;
    }
    const taken = at + endOfData.length - before.length;
    const whole = Buffer.concat([...parts, unread.subarray(0, taken)]);
    unread = unread.subarray(taken);
    content = null;
    message(whole.subarray(0, Math.max(0, whole.length - 3)));
  };
  const readChunk = (open: NonNullable<typeof chunk>): void => {
    const part = unread.subarray(0, open.left);
    unread = unread.subarray(part.length);
    open.left -= part.length;
    if (open.isTaken) chunks.push(part);
    if (open.left > 0) return;
    chunk = undefined;
    if (!open.isTaken) replies += '503 5.5.1 No valid recipients\r\n';
    else if (open.isLast) message(Buffer.concat(chunks.splice(0)));
    else replies += '250 2.0.0 Ok\r\n';
  };
  const read = (): void => {
    for (;;) {
      if (busy || socket.destroyed || socket.writableEnded) break;
      // A chunk may be empty.
      if (unread.length === 0 && chunk?.left !== 0) break;
      if (content !== null) {
        readContent(content);
        continue;
      }
      if (chunk !== undefined) {
        readChunk(chunk);
        continue;
      }
      const end = unread.indexOf(10);
      if (end === -1) break;
      const line = unread.toString('utf8', 0, end > 0 && unread[end - 1] === 13 ? end - 1 : end);
      unread = unread.subarray(end + 1);
      command(line);
    }
    flush();
  };

  socket.on('close', endTransaction);
  socket.on('data', (bytes: Buffer) => {
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    read();
  });
  const greeting = ask('connect');
  if (greeting.hangUp === undefined) tally.sessions++;
  else tally.turnedAway++;
  reply(greeting, '220 mx.test ESMTP', () => {});
  flush();
}

function joinLast(parts: Buffer[], bytes: Buffer): Buffer {
  return Buffer.concat([parts.pop()!, bytes]);
}

function pathIn(line: string): string {
  const open = line.indexOf('<');
  return line.slice(open + 1, line.indexOf('>', open));
}

/** The Message-ID without its brackets; the empty string without one. */
export function messageIdOf(content: Buffer): string {
  const end = content.indexOf(headEnd);
  const head = content.toString('latin1', 0, end === -1 ? content.length : end);
  return /^message-id:\s*<([^>]*)>/imu.exec(head)?.[1] ?? '';
}
