// One connection to a server that is asked about recipients: MAIL, RCPT and RSET for each question, one after the other. It has the line of a delivery
// (`ServerLine`), with its TLS and its timeouts, and never sends a message.

import { lmtpDialect } from '../../protocol/lmtp/client-dialect.ts';
import type { SessionFailure } from '../../protocol/smtp/client/client-types.ts';
import { smtpDialect } from '../../protocol/smtp/client/dialect.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import type { SocketHop } from '../../route/types.ts';
import type { LineContext } from '../connection-context.ts';
import { ServerLine } from '../smtp/server-line.ts';
import type { AskOutcome } from './call-ahead-types.ts';

export interface AskingEvents {
  /** It can be asked: for the first time, or again. */
  ready(): void;
  /** The answer to the question. */
  answered(outcome: AskOutcome): void;
  /**
   * It is closed, or closing: nothing can be asked any more. A question in hand was answered before.
   * @param failure - why it never became ready; undefined when it did
   */
  ended(failure: string | undefined): void;
}

export class AskingLine {
  readonly hop: SocketHop;
  readonly #context: LineContext;
  readonly #sender: string;
  readonly #events: AskingEvents;
  readonly #line: ServerLine;
  /** Greeting and EHLO went through. */
  #wasReady = false;
  #isAsked = false;
  #isEnded = false;
  #isPumping = false;
  /** Recipients that the server has refused. */
  refusals = 0;
  /** Questions that it has answered. */
  answers = 0;

  constructor(context: LineContext, hop: SocketHop, sender: string, events: AskingEvents) {
    this.#context = context;
    this.hop = hop;
    this.#sender = sender;
    this.#events = events;
    const dialect = hop.transport === 'lmtp' ? lmtpDialect : smtpDialect;
    this.#line = new ServerLine(context, hop, { source: '' }, dialect, {
      connected: () => this.#pump(),
      received: () => this.#pump(),
      lost: (reason, _isLocal, code) => this.#lost(reason, code),
      expired: () => this.#expired(),
    });
  }

  /** Asks about one recipient. It must be ready. */
  ask(address: string): void {
    this.#isAsked = true;
    this.#line.wire.session.begin({
      reversePath: this.#sender,
      recipients: [{ address }],
      sizeBytes: 0,
      body: '7BIT',
      smtpUtf8: false,
      isCheck: true,
    });
    this.#pump();
  }

  /** Says goodbye, after the question in hand. */
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
      const { session } = this.#line.wire;
      const event = session.next();
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
        case 'done': {
          const [outcome] = event.outcomes;
          if (outcome === undefined) break;
          if (outcome.result === 'permfail') this.refusals++;
          this.#answered(
            outcome.result === 'delivered'
              ? { kind: 'accepted' }
              : { kind: 'refused', failure: outcome.failure },
          );
          break;
        }
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

  #answered(outcome: AskOutcome): void {
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.answers++;
    this.#events.answered(outcome);
  }

  #end(failure: string | undefined, ofQuestion: SessionFailure): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#line.wire.end(this.#context);
    if (this.#isAsked) {
      this.#isAsked = false;
      this.#events.answered({ kind: 'refused', failure: ofQuestion });
    }
    this.#events.ended(this.#wasReady ? undefined : (failure ?? 'the connection was closed'));
  }
}
