// A line to a server that brings no mail: it opens as a delivery does, with its TLS, log-in and timeouts, and then carries checks of recipients, or
// nothing. Promise: it ends once, and tells why when it never became ready.

import type {
  ClientTransaction,
  RecipientOutcome,
  SessionFailure,
} from '../../protocol/smtp/client/client-types.ts';
import type { ClientDialect } from '../../protocol/smtp/client/dialect.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import type { SocketHop } from '../../route/types.ts';
import type { LineContext } from '../connection-context.ts';
import { ServerLine } from './server-line.ts';
import type { Wire } from './wire.ts';

export interface MaillessEvents {
  /** It can be used: for the first time, or again. */
  ready(): void;
  /** A check is over. */
  done(outcomes: readonly RecipientOutcome[]): void;
  /**
   * It is closed, or closing.
   * @param why - it never became ready; undefined when it did
   * @param failure - of what is under way
   */
  ended(why: string | undefined, failure: SessionFailure): void;
}

export class MaillessLine {
  readonly #context: LineContext;
  readonly #events: MaillessEvents;
  readonly #line: ServerLine;
  /** Greeting and EHLO went through. */
  #wasReady = false;
  #isEnded = false;
  #isLocalFault = false;
  #isPumping = false;

  /** @param source - our own address to connect from; '': the system chooses */
  constructor(
    context: LineContext,
    hop: SocketHop,
    dialect: ClientDialect,
    events: MaillessEvents,
    source = '',
  ) {
    this.#context = context;
    this.#events = events;
    this.#line = new ServerLine(context, hop, { source }, dialect, {
      connected: () => this.#pump(),
      received: () => this.#pump(),
      lost: (reason, isLocal, code) => {
        this.#isLocalFault = isLocal;
        this.#lost(reason, code);
      },
      expired: () => this.#expired(),
    });
  }

  get wire(): Wire {
    return this.#line.wire;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * there: something has accepted the connection, whatever it did then. untried: this host could not even begin to connect, for want of files,
   * ports or memory. It holds when the line has ended, too.
   */
  get seen(): 'down' | 'there' | 'untried' {
    if (this.wire.isConnected) return 'there';
    return this.#isLocalFault ? 'untried' : 'down';
  }

  /** Begins a check. It must be ready. */
  begin(check: ClientTransaction): void {
    this.#line.wire.session.begin(check);
    this.#pump();
  }

  /** Says goodbye, after what is under way. */
  quit(): void {
    if (this.#isEnded) return;
    if (this.#wasReady) this.#line.wire.session.quit();
    else this.drop('given up');
    this.#pump();
  }

  /** Closes at once. */
  drop(reason: string): void {
    if (this.#isEnded) return;
    const failure = { kind: 'broken', during: 'RCPT', text: reason } as const;
    this.#end(this.#wasReady ? undefined : reason, failure);
  }

  #expired(): void {
    const { wire } = this.#line;
    if (!wire.isConnected) this.#lost('no connection in time', '');
    else if (!this.#line.triesAgain('timed out', '')) {
      wire.session.timedOut();
      this.#pump();
    }
  }

  #lost(reason: string, code: string): void {
    if (this.#isEnded || this.#line.triesAgain(reason, code)) return;
    const { wire } = this.#line;
    if (!wire.isConnected) {
      this.drop(reason);
      return;
    }
    wire.session.disconnected(reason);
    this.#pump();
  }

  /** Acts on the events of the session, and sends what there is to send. */
  #pump(): void {
    if (this.#isPumping || this.#isEnded) return;
    this.#isPumping = true;
    this.#takeEvents();
    this.#isPumping = false;
    if (this.#isEnded) return;
    this.#line.wire.flush();
    this.#line.wire.timer.run();
  }

  #takeEvents(): void {
    for (;;) {
      const event = this.#line.wire.session.next();
      if (event === undefined) return;
      switch (event.kind) {
        case 'handshake':
        case 'login':
        case 'derive':
          this.#line.secure(event, () => this.#pump());
          break;
        case 'ready':
          this.#ready();
          break;
        case 'done':
          this.#events.done(event.outcomes);
          break;
        case 'failed':
          this.#line.failed(event.failure);
          this.#line.wire.flush();
          this.#end(failureText(event.failure), event.failure);
          break;
        case 'close':
          this.#line.wire.flush();
          this.#end(undefined, { kind: 'broken', during: 'idle', text: 'the session has ended' });
          break;
        case 'content':
          // No content is ever asked for by a check.
          this.drop('a reply that answers no command');
          break;
      }
      if (this.#isEnded) return;
    }
  }

  #ready(): void {
    if (!this.#wasReady) {
      const lack = this.#line.lack();
      if (lack !== undefined) {
        this.drop(lack);
        return;
      }
      this.#wasReady = true;
    }
    this.#events.ready();
  }

  #end(why: string | undefined, failure: SessionFailure): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#line.wire.end(this.#context);
    this.#events.ended(this.#wasReady ? undefined : (why ?? 'the connection was closed'), failure);
  }
}
