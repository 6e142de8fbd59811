// What follows when the stages have decided about a recipient: further checks of this server, and on a front end the question to a central
// server, whose answer is the answer. Begins the message that the recipients are of.

import { FrontError, lost } from '../front/front-error.ts';
import type { FrontSession } from '../front/front-session.ts';
import type { Handover } from '../front/handover.ts';
import type { ToldClient } from '../front/types.ts';
import type { EnvelopeRecipient } from '../message/envelope.ts';
import type { Decision } from '../policy/decision.ts';
import type { MailParameters } from '../protocol/smtp/server/server-types.ts';
import type { ServerSession } from '../protocol/smtp/server/server-session.ts';
import { AcceptedTransaction } from './accepted-transaction.ts';
import type { GuessSteps } from './guess-steps.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';
import type { SendingSteps } from './sending-steps.ts';
import type { SessionAnswers } from './session-answers.ts';
import type { Waiting } from './session-waiting.ts';
import { onlyPlace } from './store-places.ts';
import { refusalOfQueue } from './store-refusals.ts';
import type { TransactionOrigin } from './transaction-origin.ts';

/** The log and the answers tell of a message that is not handed over; there is no store to watch. */
const unwatched = { stored: () => undefined, failed: () => undefined };

export class RecipientSteps {
  readonly #context: ReceiveContext;
  readonly #session: ServerSession;
  readonly #facts: ReceivedSession;
  readonly #answers: SessionAnswers;
  readonly #checks: { readonly guessing: GuessSteps; readonly sending: SendingSteps };
  readonly #waiting: Pick<Waiting, 'hold' | 'resume'>;
  #front: FrontSession | undefined;
  #isGone = false;

  constructor(
    context: ReceiveContext,
    session: ServerSession,
    facts: ReceivedSession,
    answers: SessionAnswers,
    checks: { readonly guessing: GuessSteps; readonly sending: SendingSteps },
    waiting: Pick<Waiting, 'hold' | 'resume'>,
  ) {
    this.#context = context;
    this.#session = session;
    this.#facts = facts;
    this.#answers = answers;
    this.#checks = checks;
    this.#waiting = waiting;
  }

  /** A message begins. */
  begin(origin: TransactionOrigin, reversePath: string, params: MailParameters): AcceptedTransaction {
    const { front, places } = this.#context;
    const { forwarded } = this.#facts;
    if (front === undefined) return new AcceptedTransaction(origin, reversePath, params, places, forwarded);
    this.#front ??= front.session();
    const handover = this.#front.handover(this.#told(origin));
    const place = onlyPlace(handover, unwatched);
    return new AcceptedTransaction(origin, reversePath, params, place, forwarded, handover);
  }

  /** The stages have decided about the recipient in hand. */
  decided(decision: Decision): void {
    const { recipient, transaction } = this.#facts;
    if (this.#checks.guessing.isRefused(decision, recipient.address)) return;
    if (this.#answers.isRefused('RCPT', decision, recipient.address)) return;
    if (this.#checks.sending.isRecipientRefused(recipient.address)) return;
    const refusal = refusalOfQueue(this.#context, transaction, recipient.address);
    if (refusal !== undefined)
      return this.#answers.reject('RCPT', refusal, transaction.reversePath, recipient.address);
    const { given } = recipient;
    const accepted = recipient.accepted();
    const { handover } = transaction;
    // What will be dropped is nobody's business but ours.
    if (handover === undefined || transaction.discard !== undefined)
      this.#accept(transaction, accepted, given);
    else this.#ask(handover, transaction, accepted, given);
  }

  /** The client has gone. */
  gone(): void {
    this.#isGone = true;
    this.#front?.end();
  }

  #ask(
    handover: Handover,
    transaction: AcceptedTransaction,
    recipient: EnvelopeRecipient,
    given: string,
  ): void {
    const { reversePath, params, priority } = transaction;
    const { sizeBytes, body, smtpUtf8, ret, envelopeId, requireTls = false, verp } = params;
    const mail = { reversePath, sizeBytes, body, smtpUtf8, ret, envelopeId, priority, requireTls, verp };
    this.#waiting.hold();
    handover.recipient(mail, recipient).then(
      ({ lines, enhanced }) => {
        if (this.#isGone) return;
        this.#accept(transaction, recipient, given, lines.join(' '), enhanced);
        this.#waiting.resume();
      },
      (error: unknown) => {
        if (this.#isGone) return;
        const { reply, why } = error instanceof FrontError ? error : new FrontError(lost, String(error));
        const by = { stage: '', failure: why };
        this.#answers.reject('RCPT', reply, reversePath, recipient.address, by);
        this.#waiting.resume();
      },
    );
  }

  #accept(
    transaction: AcceptedTransaction,
    recipient: EnvelopeRecipient,
    given: string,
    text = '',
    enhanced = '',
  ): void {
    transaction.recipients.push(recipient);
    if (given !== '') transaction.noteGiven(given);
    if (text === '') this.#session.accept();
    else this.#session.accept(text, enhanced === '' ? undefined : enhanced);
  }

  #told({ client, helo, extended, principal, frontEnd }: TransactionOrigin): ToldClient {
    const port = frontEnd === undefined ? this.#facts.connection.remotePort : frontEnd.clientPort;
    return { address: client, port, name: frontEnd?.clientName, helo, extended, login: principal };
  }
}
