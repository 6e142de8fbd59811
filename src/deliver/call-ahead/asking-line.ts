// One connection to a server that is asked about recipients: MAIL, RCPT and RSET for each question, one after the other. It never sends a message.

import { lmtpDialect } from '../../protocol/lmtp/client-dialect.ts';
import type { RecipientOutcome, SessionFailure } from '../../protocol/smtp/client/client-types.ts';
import { smtpDialect } from '../../protocol/smtp/client/dialect.ts';
import type { SocketHop } from '../../route/types.ts';
import type { LineContext } from '../connection-context.ts';
import { type MaillessEvents, MaillessLine } from '../smtp/mailless-line.ts';
import type { AskOutcome, ServersSeen } from './call-ahead-types.ts';

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
  readonly #sender: string;
  readonly #events: AskingEvents;
  readonly #line: MaillessLine;
  #isAsked = false;
  /** Recipients that the server has refused. */
  refusals = 0;
  /** Questions that it has answered. */
  answers = 0;

  /** @param sender - in MAIL FROM @param source - our own address to connect from; '': the system chooses */
  constructor(
    context: LineContext,
    hop: SocketHop,
    { sender, source }: { readonly sender: string; readonly source: string },
    events: AskingEvents,
  ) {
    this.hop = hop;
    this.#sender = sender;
    this.#events = events;
    const dialect = hop.transport === 'lmtp' ? lmtpDialect : smtpDialect;
    const lineEvents: MaillessEvents = {
      ready: () => events.ready(),
      done: (outcomes) => this.#done(outcomes),
      ended: (why, failure) => this.#ended(why, failure),
    };
    this.#line = new MaillessLine(context, hop, dialect, lineEvents, source);
  }

  /** See `MaillessLine.seen`. */
  get seen(): ServersSeen {
    return this.#line.seen;
  }

  /** Asks about one recipient. It must be ready. */
  ask(address: string): void {
    this.#isAsked = true;
    this.#line.begin({
      reversePath: this.#sender,
      recipients: [{ address }],
      sizeBytes: 0,
      body: '7BIT',
      smtpUtf8: false,
      isCheck: true,
    });
  }

  /** Says goodbye, after the question in hand. */
  quit(): void {
    this.#line.quit();
  }

  /** Closes at once. */
  drop(reason: string): void {
    this.#line.drop(reason);
  }

  #done([outcome]: readonly RecipientOutcome[]): void {
    if (outcome === undefined) return;
    if (outcome.result === 'permfail') this.refusals++;
    this.#answered(
      outcome.result === 'delivered' ? { kind: 'accepted' } : { kind: 'refused', failure: outcome.failure },
    );
  }

  #answered(outcome: AskOutcome): void {
    if (!this.#isAsked) return;
    this.#isAsked = false;
    this.answers++;
    this.#events.answered(outcome);
  }

  #ended(why: string | undefined, failure: SessionFailure): void {
    if (this.#isAsked) {
      this.#isAsked = false;
      this.#events.answered({ kind: 'refused', failure });
    }
    this.#events.ended(why);
  }
}
