// The TLS handshake of one connection: none, or the one that is under way (RFC 3207, RFC 8314 3.3). Promises: it is through, or the
// connection is closed, within its time.

import type { TLSSocket } from 'node:tls';
import type { ClientSocket } from './client-socket.ts';
import type { ClientTimer } from './client-timer.ts';
import type { Handshake } from './handshake.ts';
import type { ReceiveLog } from './receive-log.ts';

export class RunningHandshake {
  readonly #socket: ClientSocket;
  readonly #timer: ClientTimer;
  readonly #log: ReceiveLog;
  #handshake: Handshake | undefined;
  #client = '';

  constructor(socket: ClientSocket, timer: ClientTimer, log: ReceiveLog) {
    this.#socket = socket;
    this.#timer = timer;
    this.#log = log;
  }

  get isUnderWay(): boolean {
    return this.#handshake !== undefined;
  }

  /**
   * Puts TLS over the connection.
   * @param client - for the log
   * @param secured - called when the handshake is through
   */
  begin(handshake: Handshake, client: string, secured: (socket: TLSSocket) => void): void {
    this.#handshake = handshake;
    this.#client = client;
    if (this.#socket.isHalfClosed) {
      this.clientClosed();
      return;
    }
    this.#timer.handshake(handshake.timeoutMs);
    this.#socket.upgrade(handshake.socketOptions, (socket) => {
      if (!handshake.end('secured')) return;
      this.#handshake = undefined;
      this.#log.secured();
      this.#timer.stop();
      secured(socket);
    });
  }

  /** The client has closed the connection or its part of it, without which no handshake can go on. */
  clientClosed(): void {
    this.fail('the client closed the connection');
  }

  expired(): void {
    const seconds = (this.#handshake?.timeoutMs ?? 0) / 1000;
    this.fail(`not complete after ${seconds} s`);
  }

  /** Closes the connection: nobody hears a reply in the middle of a handshake. */
  fail(reason: string): void {
    const handshake = this.#handshake;
    if (handshake?.end('failed') === true) {
      this.#log.handshakeFailed(this.#client, reason, performance.now() - handshake.startedAtMs);
    }
    this.#socket.destroy();
  }

  /** We end it ourselves, which does not count for its client. */
  giveUp(): void {
    this.#handshake?.end('given-up');
  }
}
