// The line of a connection to its server: one wire at a time, put under TLS as the policy of the hop says. When TLS breaks and the
// policy knows another way, another wire takes the place of the first, which is closed before.

import type { TLSSocket } from 'node:tls';
import type { ClientEvent, SessionFailure } from '../../protocol/smtp/client/client-types.ts';
import type { ClientDialect } from '../../protocol/smtp/client/dialect.ts';
import { replyText } from '../../protocol/smtp/client/reply-text.ts';
import { opensslReason } from '../../tls/openssl-reason.ts';
import type { SocketHop } from '../../route/types.ts';
import type { TlsFacts, TlsOutcome } from '../../values/tls-outcome.ts';
import type { PipeliningKind } from '../../values/pipelining.ts';
import type { LineContext } from '../connection-context.ts';
import type { CloseReport, ConnectedPlace } from '../types.ts';
import { LineLogin } from '../login/line-login.ts';
import { HopTls } from '../tls/hop-tls.ts';
import { Wire, type WireEvents } from './wire.ts';

type SecuringEvent = Extract<ClientEvent, { readonly kind: 'handshake' | 'login' | 'derive' }>;
type LineFailures = Pick<Extract<CloseReport, { readonly kind: 'failed' }>, 'tls' | 'login'>;

export class ServerLine {
  readonly #context: LineContext;
  readonly #hop: SocketHop;
  readonly #source: string;
  readonly #without: readonly PipeliningKind[];
  readonly #dialect: ClientDialect;
  readonly #events: WireEvents;
  /** Undefined: without TLS. */
  readonly #tls: HopTls | undefined;
  /** Undefined: without a log-in. */
  readonly #login: LineLogin | undefined;
  /** The connection under TLS, where a log-in may be bound to it. */
  #secure: TLSSocket | undefined;
  #wire: Wire;

  constructor(
    context: LineContext,
    hop: SocketHop,
    { source, without = [] }: Pick<ConnectedPlace, 'source' | 'without'>,
    dialect: ClientDialect,
    events: WireEvents,
  ) {
    this.#context = context;
    this.#hop = hop;
    this.#source = source;
    this.#without = without;
    this.#dialect = dialect;
    this.#events = events;
    this.#tls = HopTls.of(context.tls, hop);
    if (hop.login !== undefined) this.#login = new LineLogin(context.logins, hop, hop.login);
    this.#wire = this.#open();
  }

  get wire(): Wire {
    return this.#wire;
  }

  /** Facts of the session under TLS; undefined in clear. */
  get tlsFacts(): TlsFacts | undefined {
    return this.#tls?.facts;
  }

  /** What TLS came to on a connection that is ready, or has failed; undefined when it was not tried. */
  get tlsOutcome(): TlsOutcome | undefined {
    const { tlsDeclined } = this.#wire.session;
    if (tlsDeclined !== undefined) this.#tls?.declined(tlsDeclined.reason, tlsDeclined.isForNow);
    return this.#tls?.outcome;
  }

  /** The session waits for TLS, or for what it logs in with. @param whenDone - it has gone on after a wait, or has ended: it has events */
  secure(event: SecuringEvent, whenDone: () => void): void {
    if (event.kind === 'handshake') {
      this.#handshake(whenDone);
      return;
    }
    const wire = this.#wire;
    this.#login?.act(event, wire.session, this.#secure, () => {
      if (this.#wire === wire) whenDone();
    });
  }

  #handshake(whenDone: () => void): void {
    const wire = this.#wire;
    const tls = this.#tls;
    if (tls === undefined) return;
    wire.flush();
    const secured = (socket: TLSSocket): void => {
      if (this.#wire !== wire || wire.session.phase !== 'handshake') return;
      const problem = tls.secured(socket);
      // RFC 3463 3.8, X.7.5: cryptographic failure.
      if (this.#login !== undefined) this.#secure = socket;
      if (problem === undefined) wire.session.secured();
      else wire.session.tlsFailed(`TLS: ${problem.reason}`, '4.7.5');
      whenDone();
    };
    let options;
    try {
      ({ options } = tls);
    } catch (error) {
      // The settings of this host are at fault. It is no reason to go on in clear.
      const reason = `OpenSSL does not take the ciphers or the certificate of its [[tls]]: ${opensslReason(error)}`;
      wire.session.tlsFailed(`TLS cannot be begun here: ${reason}`, '4.7.5');
      whenDone();
      return;
    }
    wire.socket.upgrade(options, 0, secured, (session) => tls.keep(session));
  }

  /** Why the session never became ready, where that is known: TLS or the log-in has failed. */
  get failures(): LineFailures {
    const { tlsOutcome } = this;
    const login = this.#login?.failure;
    return {
      ...(tlsOutcome?.kind === 'failed' && { tls: tlsOutcome }),
      ...(login !== undefined && { login }),
    };
  }

  /**
   * The wire was lost, or the server took too long. If that was in STARTTLS or the handshake and there is another way to try, another
   * wire is opened.
   * @param code - of the error of TLS
   */
  triesAgain(reason: string, code: string): boolean {
    const tls = this.#tls;
    const { phase } = this.#wire.session;
    const isTls =
      phase === 'starttls' || phase === 'handshake' || (phase === 'helo' && tls?.facts !== undefined);
    if (tls === undefined || !isTls || !tls.broke(reason, code)) return false;
    this.#wire.drop();
    this.#secure = undefined;
    this.#wire = this.#open();
    return true;
  }

  /** RFC 8689 4.2.1: why the server, which is ready, may not get the messages of this hop; undefined when it may. */
  lack(): string | undefined {
    if (this.#hop.tls?.needsRequireTls !== true || this.#wire.session.extensions.requireTls) return undefined;
    const reason = 'the server does not offer REQUIRETLS';
    const failed = { kind: 'failed', result: 'validation-failure', reason, lack: 'requiretls' } as const;
    if (this.#tls !== undefined) this.#tls.outcome = failed;
    return reason;
  }

  /** The session never became ready. A server that ends it in reply to STARTTLS is not asked again for a while. */
  failed(failure: SessionFailure): void {
    this.#login?.failed(failure);
    if (failure.kind !== 'reply' || failure.reply.command !== 'STARTTLS') return;
    this.#tls?.refusedSession(replyText(failure.reply));
  }

  #open(): Wire {
    const { mode: tls } = this.#tls ?? {};
    const target = { hop: this.#hop, source: this.#source, dialect: this.#dialect, tls };
    return new Wire(this.#context, { ...target, without: this.#without }, this.#events);
  }
}
