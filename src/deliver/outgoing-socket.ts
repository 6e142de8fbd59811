// The socket of one outgoing connection: opens it, reads and writes, and says why it failed. Its owner never uses the stream
// below, so that another way to open it, or TLS, changes only this file.

import { connect, type Socket } from 'node:net';
import type { Deadlines } from '../io/deadlines.ts';
import { drainedOrClosed } from './drained-or-closed.ts';
import { leaveLast } from './leave-last.ts';
import { socketFailure } from './socket-failure.ts';

/** All connections of a process read into this buffer: a session copies the bytes that it keeps. */
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
  /** The bytes are overwritten after this returns. */
  received(bytes: Uint8Array): void;
  /**
   * The connection is closed, or was never made; may be called more than once.
   * @param reason - one line
   * @param local - this machine could not even begin to connect
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

  /** It was destroyed: a write would be lost. */
  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  /** Writes; returns false when the caller should wait for `drained` before the next write. */
  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  /** Writes the pieces in one go, so that TCP sends as few segments as possible. */
  writeTogether(pieces: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  /** Resolves when it can be written to again, or is closed. */
  drained(): Promise<void> {
    return drainedOrClosed(this.#socket);
  }

  /** Closes after the peer, which has answered QUIT, or soon. Bytes that are not sent yet are dropped. */
  leave(deadlines: Deadlines): void {
    // A peer that no longer reads would keep the socket open for ever, although it counts for no limit any more. The unsent
    // bytes could only be a part of a message, so they may be cut off.
    if (this.#socket.writableLength > 0) this.#socket.destroy();
    else leaveLast(this.#socket, deadlines);
  }

  /** Closes at once; unsent bytes are dropped. */
  destroy(): void {
    this.#socket.destroy();
  }
}
