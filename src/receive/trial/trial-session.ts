// One session of a trial: a client that says what it is told to, without a socket. Promises: protocol, stages and content take the way of any
// session (`SessionSteps`); only what is behind them (spool, counts, log) is that of the trial.

import { Buffer } from 'node:buffer';
import type { ClientFacts, TlsFacts } from '../../policy/stage.ts';
import { ServerSession } from '../../protocol/smtp/server/server-session.ts';
import type { ServerEvent } from '../../protocol/smtp/server/server-types.ts';
import { noBindings } from '../../sasl/scram-exchange.ts';
import { type ConnectionOrigin, leniencyOf } from '../connection-origin.ts';
import type { ReceiveContext } from '../receive-context.ts';
import { ReceivedSession } from '../received-session.ts';
import { SessionSteps } from '../session-steps.ts';
import type { Waiting } from '../session-waiting.ts';

/** What nearly every client has today. */
const tlsOfTrial: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  certificateSubject: undefined,
};

export class TrialSession implements Waiting {
  readonly #session: ServerSession;
  readonly #steps: SessionSteps;
  /** TLS begins before the greeting. */
  readonly isImplicitTls: boolean;
  #holds = 0;
  #isClosed = false;
  #settled: (() => void) | undefined;
  #pieces: Uint8Array[] = [];

  constructor(context: ReceiveContext, origin: ConnectionOrigin, client: ClientFacts) {
    const { session, hostname } = context.settings;
    this.#session = new ServerSession(session, leniencyOf(client, origin, hostname));
    const facts = new ReceivedSession(
      origin.listener,
      client,
      {},
      this.#session,
      session.maxMessageBytes,
      true,
    );
    this.#steps = new SessionSteps(context, this.#session, facts, origin.completesMail, this);
    this.isImplicitTls = context.tls?.isImplicit === true;
  }

  /** The connection has ended: nothing more can be said. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @returns the greeting, or what refuses the client */
  connect(): Promise<readonly string[]> {
    if (this.isImplicitTls) {
      this.#session.secured();
      this.#secured(() => this.#steps.connected());
    } else this.#steps.connected();
    return this.#reply();
  }

  /** Says a command, or a part of the content. @returns the lines of the replies */
  say(bytes: Uint8Array | string): Promise<readonly string[]> {
    this.#session.receive(Buffer.from(bytes));
    return this.#reply();
  }

  /** Drops what is under way. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#steps.gone();
    this.#settle();
  }

  hold(): void {
    this.#holds++;
  }

  resume(): void {
    if (--this.#holds === 0) this.#pump();
  }

  answered(): void {
    // In a turn of its own, as in a connection: the session is not done with the message yet.
    setImmediate(() => this.#pump());
  }

  async #reply(): Promise<readonly string[]> {
    const settled = new Promise<void>((resolve) => (this.#settled = resolve));
    this.#pump();
    await settled;
    const text = Buffer.concat(this.#pieces).toString('utf8');
    this.#pieces = [];
    return text.split('\r\n').filter((line) => line !== '');
  }

  #pump(): void {
    while (this.#holds === 0 && !this.#isClosed) {
      const event = this.#session.next();
      if (event === undefined) break;
      this.#event(event);
    }
    const output = this.#session.takeOutput();
    if (output !== undefined) this.#pieces.push(output);
    if (this.#isClosed || (this.#holds === 0 && this.#session.unanswered === 0)) this.#settle();
  }

  #event(event: ServerEvent): void {
    switch (event.kind) {
      case 'quit':
      case 'close':
        this.close();
        break;
      case 'starttls':
        this.#session.accept();
        this.#session.secured();
        this.#secured(() => undefined);
        break;
      case 'xclient':
        // It was not offered.
        this.#session.reject({ code: 502, enhanced: '5.5.1', text: 'Not in a trial' });
        break;
      default:
        this.#steps.take(event);
    }
  }

  #secured(then: () => void): void {
    this.#steps.secured(tlsOfTrial, false, { bindings: noBindings, certificateNames: [] }, then);
  }

  #settle(): void {
    const settled = this.#settled;
    this.#settled = undefined;
    settled?.();
  }
}
