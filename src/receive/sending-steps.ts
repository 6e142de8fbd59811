// Sending limits in a session. They come last, after all stages: a message is counted at DATA, by all limits at once. Promises: one that is
// not accepted in the end is not counted; one that nobody can count now is refused for now.

import { domainOf } from '../address/domain.ts';
import { mostRecipientsOf } from '../policy/sending/sending-rules.ts';
import { cannotCount, exceededReply, tooManyRecipients } from '../policy/sending/sending-text.ts';
import type { ChargeAnswer, HandIn } from '../policy/sending/types.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';
import type { SessionAnswers } from './session-answers.ts';

/** The name of these limits in the log. */
const stage = 'sending-limits';

export interface SendingWaiting {
  hold(): void;
  resume(): void;
}

export class SendingSteps {
  readonly #gate: ReceiveContext['sending'];
  readonly #context: ReceiveContext;
  readonly #facts: ReceivedSession;
  readonly #answers: SessionAnswers;
  readonly #waiting: SendingWaiting;
  #isGone = false;

  constructor(
    context: ReceiveContext,
    facts: ReceivedSession,
    answers: SessionAnswers,
    waiting: SendingWaiting,
  ) {
    this.#gate = context.sending;
    this.#context = context;
    this.#facts = facts;
    this.#answers = answers;
    this.#waiting = waiting;
  }

  /** RCPT: refuses a recipient with which the message would have more than a limit can ever let through. @returns whether it did */
  isRecipientRefused(address: string): boolean {
    const gate = this.#gateOfMessage;
    if (gate === undefined) return false;
    const handIn = this.#handIn(this.#facts.transaction.recipients.length + 1);
    const most = mostRecipientsOf(gate.heldFor(handIn));
    if (handIn.recipients <= most) return false;
    this.#answers.reject('RCPT', tooManyRecipients(most), this.#facts.reversePath, address, { stage });
    return true;
  }

  /** DATA: counts the message and goes on, or answers why it is not taken. */
  count(goOn: () => void): void {
    const gate = this.#gateOfMessage;
    if (gate === undefined) {
      goOn();
      return;
    }
    const handIn = this.#handIn(this.#facts.transaction.recipients.length);
    if (gate.heldFor(handIn).length === 0) {
      goOn();
      return;
    }
    this.#waiting.hold();
    void gate.ledger.charge(handIn).then((answer) => {
      if (this.#isGone) {
        if (answer.kind === 'counted') gate.ledger.release(answer.charge);
        return;
      }
      this.#answered(gate, answer, goOn);
      this.#waiting.resume();
    });
  }

  /** The client has gone. */
  gone(): void {
    this.#isGone = true;
  }

  /** Undefined when nothing is limited: only mail of clients that may relay is, and of users whom a front end knows. */
  get #gateOfMessage(): ReceiveContext['sending'] {
    const gate = this.#gate;
    if (gate === undefined || gate.isOff) return undefined;
    const { client, principal, transaction } = this.#facts;
    const isSender = client.mayRelay || principal !== undefined;
    return isSender && transaction.discard === undefined ? gate : undefined;
  }

  #answered(
    { ledger }: NonNullable<ReceiveContext['sending']>,
    answer: ChargeAnswer,
    goOn: () => void,
  ): void {
    switch (answer.kind) {
      case 'counted':
        this.#facts.transaction.counted(answer.turn, () => ledger.release(answer.charge));
        goOn();
        break;
      case 'exceeded': {
        const { limit, again } = answer;
        this.#context.log.limited(this.#facts, limit, again);
        this.#answers.reject('DATA', exceededReply(limit, again), this.#facts.reversePath, '', { stage });
        break;
      }
      case 'failing':
        this.#answers.reject('DATA', cannotCount, this.#facts.reversePath, '', { stage });
        break;
      default:
        answer satisfies never;
    }
  }

  #handIn(recipients: number): HandIn {
    const { client, principal = '', transaction } = this.#facts;
    const { reversePath, tenant } = transaction;
    const senderDomain = reversePath === '' ? '' : domainOf(reversePath);
    return { user: principal, client: client.address, tenant, senderDomain, recipients };
  }
}
