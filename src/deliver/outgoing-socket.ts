// The socket of one outgoing connection: opens it, reads and writes, and says why it failed. Whoever owns it never touches
// the stream below, so that another way to open one, or TLS in its place, changes this file alone.

import { connect, type Socket } from 'node:net';
import type { Deadlines } from '../io/deadlines.ts';
import { drainedOrClosed } from './drained-or-closed.ts';
import { leaveLast } from './leave-last.ts';
import { socketFailure } from './socket-failure.ts';

/** All connections of a process read into one buffer: the session copies the little that it keeps. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/** Where to connect to, and from. */
export interface SocketAddress {
  readonly ip: string;
  readonly port: number;
  /** Our own address to connect from; empty: the system chooses. */
  readonly source: string;
}

export interface SocketEvents {
  connected(): void;
  /** The bytes are the socket's own again when this returns. */
  received(bytes: Uint8Array): void;
  /**
   * The connection is gone, or was never made; may come more than once.
   * @param reason - one line
   * @param local - this machine could not even try
   */
  lost(reason: string, local: boolean): void;
}

export class OutgoingSocket {
  readonly #socket: Socket;

  /** Begins to connect. */
  constructor({ ip, port, source }: SocketAddress, events: SocketEvents) {
    let isConnected = false;
    this.#socket = connect({
      host: ip,
      port,
      noDelay: true,
      ...(source === '' ? {} : { localAddress: source }),
      onread: {
        buffer: readBuffer,
        callback: (count, buffer) => {
          events.received(buffer.subarray(0, count));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => {
      isConnected = true;
      events.connected();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      const { reason, local } = socketFailure(error, source);
      events.lost(reason, local && !isConnected);
    });
    this.#socket.on('end', () => events.lost('the remote server closed the connection', false));
    this.#socket.on('close', () => events.lost('the connection was closed', false));
  }

  /** Our own address; empty before the connection is made, and after it is gone. */
  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  /** It was given up, or broke: what is written to it goes nowhere. */
  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  /** Whether it takes more at once; when not, see `drained`. */
  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  /** Writes the pieces, in as few segments as they fit in. */
  writeTogether(pieces: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  /** Resolves when it takes more, or is gone. */
  drained(): Promise<void> {
    return drainedOrClosed(this.#socket);
  }

  /** Closes after the peer, which has said goodbye, or soon. What is not sent by now never is. */
  leave(deadlines: Deadlines): void {
    // A peer that reads no more would keep the socket open for ever, though it counts for no limit any longer, and half a
    // message is better cut off.
    if (this.#socket.writableLength > 0) this.#socket.destroy();
    else leaveLast(this.#socket, deadlines);
  }

  /** Closes at once; what is not sent never is. */
  destroy(): void {
    this.#socket.destroy();
  }
}
