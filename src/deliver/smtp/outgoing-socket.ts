// The socket of one outgoing connection: opens it, reads and writes, puts TLS over it, and says why it failed. Its owner never uses
// the stream below, so that another way to open it changes only the dialer that is handed in.

import type { Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Deadlines } from '../../io/deadlines.ts';
import type { Dial } from '../../io/dial.ts';
import type { SocketEndpoint } from '../../values/hop-endpoint.ts';
import { drainedOrClosed } from './drained-or-closed.ts';
import { leaveLast } from './leave-last.ts';
import { socketFailure, tlsFailure } from './socket-failure.ts';

/** All connections of a process read into this buffer: a session copies the bytes that it keeps. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

export interface SocketEvents {
  connected(): void;
  /** The bytes are overwritten after this returns. */
  received(bytes: Uint8Array): void;
  /**
   * The connection is closed, or was never made; may be called more than once.
   * @param reason - one line
   * @param local - this machine could not even begin to connect
   * @param code - of the error of TLS
   */
  lost(reason: string, local: boolean, code?: string): void;
}

export class OutgoingSocket {
  readonly #events: SocketEvents;
  readonly #endpoint: SocketEndpoint;
  readonly #source: string;
  #socket: Socket;

  /** Begins to connect. @param source - our own address to connect from; empty: the system chooses */
  constructor(dial: Dial, endpoint: SocketEndpoint, source: string, events: SocketEvents) {
    this.#events = events;
    this.#endpoint = endpoint;
    this.#source = source;
    let isConnected = false;
    const socket = dial(endpoint, {
      source,
      onread: {
        buffer: readBuffer,
        callback: (count, buffer) => {
          events.received(buffer.subarray(0, count));
          return true;
        },
      },
    });
    this.#socket = socket;
    socket.on('connect', () => {
      isConnected = true;
      events.connected();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const { reason, local } = socketFailure(error, endpoint, source);
      // What the socket below TLS suffers, TLS reports, too.
      if (this.#socket === socket) events.lost(reason, local && !isConnected);
    });
    this.#reportEnd(socket);
  }

  /** Our own address; empty before the connection is made, after it is gone, and for a Unix-domain socket. */
  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  /** It was destroyed: a write would be lost. */
  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  /**
   * Puts TLS over the connection, as its client. From now on `received` is called with decrypted bytes only, and what is
   * written is encrypted; a handshake that fails is reported as `lost`.
   *
   * @param options - of TLS, without a socket; who calls this decides which certificates are accepted
   * @param unreadBytes - bytes that came in clear and that the session has not read. RFC 3207 4.2: what was learned before TLS is
   *   discarded. A server sends nothing after its reply to STARTTLS, so such bytes were put in by an attacker, for the session
   *   to take them as said under TLS: the connection is given up.
   * @param secured - called when the handshake is through
   * @param onSession - called with each session that the server lets be resumed; during the handshake, too (TLS 1.2)
   */
  upgrade(
    options: ConnectionOptions,
    unreadBytes: number,
    secured: (socket: TLSSocket) => void,
    onSession?: (session: Buffer) => void,
  ): void {
    const below = this.#socket;
    if (unreadBytes > 0) {
      below.destroy();
      this.#events.lost(
        `the server sent ${unreadBytes} bytes in clear after it had agreed to use TLS`,
        false,
      );
      return;
    }
    // The handle of the socket below belongs to TLS from here on: its reader in clear is never called again.
    const secure = connectTls({ ...options, socket: below });
    this.#socket = secure;
    secure.on('data', (bytes: Buffer) => this.#events.received(bytes));
    secure.on('secureConnect', () => secured(secure));
    if (onSession !== undefined) secure.on('session', onSession);
    secure.on('error', (error: NodeJS.ErrnoException) => {
      this.#events.lost(tlsFailure(error, this.#endpoint, this.#source), false, error.code);
    });
    this.#reportEnd(secure);
  }

  /** Writes; returns false when the caller should wait for `drained` before the next write. */
  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  /** Writes the pieces in one go, in as few segments of TCP and records of TLS as possible; returns the same as `write`. */
  writeTogether(pieces: readonly Uint8Array[]): boolean {
    let goesOn = true;
    this.#socket.cork();
    for (const piece of pieces) goesOn = this.#socket.write(piece);
    this.#socket.uncork();
    return goesOn;
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

  #reportEnd(socket: Socket): void {
    const ended = (reason: string) => {
      if (this.#socket === socket) this.#events.lost(reason, false);
    };
    socket.on('end', () => ended('the remote server closed the connection'));
    socket.on('close', () => ended('the connection was closed'));
  }
}
