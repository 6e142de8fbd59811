// A TLS handshake of a connection while it is under way (RFC 3207, RFC 8314 3.3). Promises: it is through, or the connection is closed,
// within its time.

import type { TLSSocket } from 'node:tls';
import type { ClientSocket } from './client-socket.ts';
import type { ClientTimer } from './client-timer.ts';
import type { Handshake } from './handshake.ts';
import type { ReceiveLog } from './receive-log.ts';

export interface HandshakeParts {
  readonly handshake: Handshake;
  readonly socket: ClientSocket;
  readonly timer: Pick<ClientTimer, 'handshake' | 'stop'>;
  readonly log: Pick<ReceiveLog, 'secured' | 'handshakeFailed'>;
  /** For the log. */
  readonly client: string;
}

export class RunningHandshake {
  readonly #parts: HandshakeParts;

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
  }

  /** Puts TLS over the connection. @param secured - called when the handshake is through */
  begin(secured: (socket: TLSSocket) => void): void {
    const { handshake, socket, timer, log } = this.#parts;
    if (socket.isHalfClosed) {
      this.clientClosed();
      return;
    }
    timer.handshake(handshake.timeoutMs);
    socket.upgrade(handshake.socketOptions, (secure) => {
      if (!handshake.end('secured')) return;
      log.secured();
      timer.stop();
      secured(secure);
    });
  }

  /** The client has closed the connection or its part of it, without which no handshake can go on. */
  clientClosed(): void {
    this.fail('the client closed the connection');
  }

  expired(): void {
    this.fail(`not complete after ${this.#parts.handshake.timeoutMs / 1000} s`);
  }

  /** Closes the connection: nobody hears a reply in the middle of a handshake. */
  fail(reason: string): void {
    const { handshake, socket, log, client } = this.#parts;
    if (handshake.end('failed')) {
      log.handshakeFailed(client, reason, performance.now() - handshake.startedAtMs);
    }
    socket.destroy();
  }

  /** We end it ourselves, which does not count for its client. */
  giveUp(): void {
    this.#parts.handshake.end('given-up');
  }
}
