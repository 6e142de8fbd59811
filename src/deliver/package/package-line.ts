// The socket of a connection of QMQP or QMTP, under TLS from the first byte on where the policy of its hop demands TLS: these protocols have
// no STARTTLS. Promise: where the policy demands TLS, nothing is said in clear.

import type { TLSSocket } from 'node:tls';
import type { SocketHop } from '../../route/types.ts';
import { opensslReason } from '../../tls/openssl-reason.ts';
import type { TlsFacts, TlsOutcome } from '../../values/tls-outcome.ts';
import type { LineContext } from '../connection-context.ts';
import { OutgoingSocket } from '../smtp/outgoing-socket.ts';
import { HopTls } from '../tls/hop-tls.ts';

export interface LineEvents {
  /** The handshake begins. */
  handshake(): void;
  /** A message can begin. */
  ready(): void;
  /** The bytes are overwritten after this returns. */
  received(bytes: Uint8Array): void;
  /** The server has not what the policy demands. */
  unfit(reason: string): void;
  /** May be called more than once. @param isLocal - this machine could not even begin to connect */
  lost(reason: string, isLocal: boolean): void;
}

export class PackageLine {
  readonly socket: OutgoingSocket;
  readonly #events: LineEvents;
  /** Undefined: in clear. */
  readonly #tls: HopTls | undefined;
  #state: 'connecting' | 'handshake' | 'ready' = 'connecting';

  constructor(context: LineContext, hop: SocketHop, source: string, events: LineEvents) {
    this.#events = events;
    const tls = HopTls.of(context.tls, hop);
    // `want` is TLS where it is offered, and here nobody offers it.
    this.#tls = tls?.mode === 'must' || tls?.mode === 'implicit' ? tls : undefined;
    this.socket = new OutgoingSocket(context.dial, hop.endpoint, source, {
      connected: () => this.#connected(),
      received: (bytes) => {
        if (this.#state === 'ready') events.received(bytes);
      },
      lost: (reason, isLocal, code = '') => {
        if (this.#state === 'handshake') this.#tls?.broke(reason, code);
        events.lost(reason, isLocal);
      },
    });
  }

  get isConnecting(): boolean {
    return this.#state === 'connecting';
  }

  /** Facts of the session under TLS; undefined in clear. */
  get tlsFacts(): TlsFacts | undefined {
    return this.#tls?.facts;
  }

  /** What TLS came to; undefined when it was not tried. */
  get tlsOutcome(): TlsOutcome | undefined {
    return this.#tls?.outcome;
  }

  #connected(): void {
    if (this.#tls === undefined) return this.#ready();
    this.#handshake(this.#tls);
  }

  #handshake(tls: HopTls): void {
    this.#state = 'handshake';
    this.#events.handshake();
    let options;
    try {
      ({ options } = tls);
    } catch (error) {
      const reason = `OpenSSL does not take the ciphers or the certificate of its [[tls]]: ${opensslReason(error)}`;
      this.#events.unfit(`TLS cannot be begun here: ${reason}`);
      return;
    }
    const secured = (socket: TLSSocket): void => {
      const problem = tls.secured(socket);
      if (problem === undefined) this.#ready();
      else this.#events.unfit(`TLS: ${problem.reason}`);
    };
    this.socket.upgrade(options, 0, secured, (session) => tls.keep(session));
  }

  #ready(): void {
    this.#state = 'ready';
    this.#events.ready();
  }
}
