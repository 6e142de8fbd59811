// Has clamd look at one message, on a connection of its own. Promises: the message is in memory by some pieces alone, and only a reply that came
// after all of it says that it is clean.

import type { Socket } from 'node:net';
import { setImmediate as aTurn } from 'node:timers/promises';
import { serviceFailure } from '../../io/service-failure.ts';
import type { DialService, ServiceAddress } from '../../io/dial-service.ts';
import {
  chunkLength,
  ClamdReplyReader,
  type ClamdReply,
  endOfStream,
  instreamCommand,
  mostChunkBytes,
} from '../../protocol/clamd/instream.ts';

/** Beyond this, nothing more is written before clamd has taken what was. */
const mostUnwrittenBytes = 256 * 1024;

const sizeHint = ' amid a message, which may be larger than its StreamMaxLength: see max_size';

/** What clamd says of a message. */
export type Scanned = Exclude<ClamdReply, { readonly kind: 'failed' }>;

export interface ScanParts {
  readonly dial: DialService;
  readonly address: ServiceAddress;
}

/**
 * @param pieces - the message
 * @param signal - ends it
 * @throws {Error} with a clause about what went wrong
 */
export async function scan(
  parts: ScanParts,
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Scanned> {
  const connection = new ScanConnection(parts);
  const end = (): void => connection.fail((signal.reason as Error).message);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    return await connection.scan(pieces);
  } finally {
    signal.removeEventListener('abort', end);
    connection.fail('it is over');
  }
}

class ScanConnection {
  readonly #socket: Socket;
  readonly #reader = new ClamdReplyReader();
  #failure: string | undefined;
  /** Called when something has come, was written, or has failed. */
  #wake: (() => void) | undefined;

  constructor({ dial, address }: ScanParts) {
    const buffer = Buffer.allocUnsafe(1024);
    this.#socket = dial(address, {
      buffer,
      callback: (count) => {
        this.#reader.receive(buffer.subarray(0, count));
        this.#wake?.();
        return true;
      },
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.fail(serviceFailure(error)));
    this.#socket.on('end', () => this.fail('it has closed the connection without a whole reply'));
    this.#socket.on('close', () => this.fail('it has closed the connection'));
    this.#socket.on('connect', () => this.#wake?.());
    this.#socket.on('drain', () => this.#wake?.());
  }

  async scan(pieces: AsyncIterable<Uint8Array>): Promise<Scanned> {
    while (this.#socket.connecting) await this.#event();
    this.#socket.write(instreamCommand);
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; at += mostChunkBytes) {
        await this.#written();
        // Else all of it could be said before anything is heard.
        await aTurn();
        if (this.#reader.reply !== undefined) return this.#early(this.#reader.reply);
        this.#chunk(piece.subarray(at, at + mostChunkBytes));
      }
    }
    // What it said before it had the end is no answer to the whole message: what has come by now. The first turn may end before sockets are read.
    await aTurn();
    await aTurn();
    let isWritten = false;
    if (this.#reader.reply === undefined) this.#socket.write(endOfStream, () => (isWritten = true));
    const reply = await this.#reply();
    if (!isWritten) return this.#early(reply);
    if (reply.kind === 'failed') throw new Error(reply.why);
    return reply;
  }

  /** The connection is over; the first reason counts. @param why - a clause */
  fail(why: string): void {
    this.#failure ??= why;
    this.#socket.destroy();
    this.#wake?.();
  }

  #chunk(chunk: Uint8Array): void {
    this.#socket.cork();
    this.#socket.write(chunkLength(chunk.length));
    this.#socket.write(chunk);
    this.#socket.uncork();
  }

  #early(reply: ClamdReply): Scanned {
    if (reply.kind === 'too-large') return reply;
    throw new Error(
      reply.kind === 'failed' ? reply.why : 'it gave its verdict before it had the whole message',
    );
  }

  async #written(): Promise<void> {
    while (this.#socket.writableLength > mostUnwrittenBytes && this.#reader.reply === undefined)
      await this.#event();
    if (this.#failure === undefined || this.#reader.reply !== undefined) return;
    // It may have said so in a reply that was lost with the connection.
    const hint = this.#socket.bytesWritten > mostUnwrittenBytes ? sizeHint : '';
    throw new Error(this.#failure + hint);
  }

  async #reply(): Promise<ClamdReply> {
    for (;;) {
      const { reply } = this.#reader;
      if (reply !== undefined) return reply;
      await this.#event();
    }
  }

  async #event(): Promise<void> {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }
}
