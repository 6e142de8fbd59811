// What follows from the content of a message: the stages see its header and its body, and then it is stored. Promises: a message is
// answered 250 only after the spool says that it is on stable storage, or when a stage has discarded it.

import type { Decision } from '../policy/decision.ts';
import type { Handover } from '../front/handover.ts';
import type { WholeMail } from '../policy/queues/whole-mail.ts';
import { PendingDecision } from '../policy/pending-decision.ts';
import type { Pipeline } from '../policy/pipeline.ts';
import { queuedText } from '../policy/sending/sending-text.ts';
import type { LaterAnswer } from '../protocol/smtp/server/later-answer.ts';
import type { ServerSession } from '../protocol/smtp/server/server-session.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import { maxExaminedHeaderBytes } from './examined-header.ts';
import { IntakeTrail } from './intake-trail.ts';
import { MessageIntake } from './message-intake.ts';
import { MessageRoom } from './message-room.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';
import { heldNowhere } from './store-refusals.ts';
import type { SessionAnswers } from './session-answers.ts';
import { signingOf } from './signing-of.ts';

/** How the session waits. */
export interface ContentWaiting {
  hold(): void;
  resume(): void;
  /** A message that waited for stable storage is answered. */
  answered(): void;
  /** Waits for a decision, goes on with it, and resumes. */
  wait(pending: PendingDecision, then: (decision: Decision) => void): void;
}

const headerTooLarge: Decision = {
  kind: 'reject',
  reply: {
    code: 552,
    enhanced: '5.3.4',
    text: `Header is larger than the ${maxExaminedHeaderBytes / 1024} KiB that are examined here`,
  },
  stage: '',
};
const noRecipientLeft = { stage: '', reason: 'no recipient is left' };

/** What a message that waits for stable storage takes in memory without its content (measured: 4.2 KiB of heap, 5.9 KiB in all). */
const messageBytes = 6 * 1024;

/** What a message takes in memory besides its content, when it waits behind another one. Most clients never have such a message. */
function bytesBesides({ aheadBytes }: LaterAnswer, { heldBytes }: MessageIntake): number {
  // The chunks of the commands before the message may be in memory as long as the message.
  return aheadBytes === 0 ? 0 : messageBytes + Math.max(0, aheadBytes - heldBytes);
}

function wholeMail(facts: ReceivedSession, { header }: MessageIntake): WholeMail {
  return {
    resultOf: (stage) => facts.resultOf(stage),
    get fields() {
      return header?.fields;
    },
  };
}

/** The content of the messages of one session, one after the other. */
export class ContentSteps {
  readonly #context: ReceiveContext;
  readonly #session: ServerSession;
  readonly #facts: ReceivedSession;
  readonly #answers: SessionAnswers;
  readonly #waiting: ContentWaiting;
  readonly #room: MessageRoom;
  /** Of the tenant of the message. */
  #pipeline: Pipeline;
  /** Undefined when the content is not kept: it was refused or discarded, or handed to the spool. */
  #intake: MessageIntake | undefined;
  /** Were the stages asked about the header, or is none to be asked? */
  #isHeaderDecided = false;
  #isExaminedToEnd = false;
  /** Of the message in `#intake`. */
  #trail: IntakeTrail | undefined;
  /** How the stages refused the message before its end. */
  #refused: Decision | undefined;

  constructor(
    context: ReceiveContext,
    session: ServerSession,
    facts: ReceivedSession,
    answers: SessionAnswers,
    waiting: ContentWaiting,
  ) {
    this.#context = context;
    this.#session = session;
    this.#facts = facts;
    this.#answers = answers;
    this.#waiting = waiting;
    this.#room = new MessageRoom(context);
    this.#pipeline = context.pipelines.usual;
  }

  /** DATA or BDAT was accepted. */
  begin(pipeline: Pipeline): void {
    const { transaction } = this.#facts;
    this.#pipeline = pipeline;
    this.#refused = undefined;
    const signing = signingOf(this.#context, this.#facts);
    const isExamined =
      signing !== undefined ||
      pipeline.has('headers', this.#facts) ||
      pipeline.has('content', this.#facts) ||
      this.#context.places.looksAtHeader ||
      transaction.fieldEdits !== undefined;
    this.#isHeaderDecided = !isExamined;
    this.#isExaminedToEnd = signing !== undefined || pipeline.has('content', this.#facts);
    this.#dropWithoutRecipients();
    if (transaction.discard !== undefined) return;
    this.#intake = new MessageIntake(this.#context, transaction, isExamined, signing);
    this.#trail = IntakeTrail.begin(this.#context.trail, transaction);
    this.#facts.content = this.#intake;
    this.#mayStream();
  }

  /** The next piece of the content. */
  piece(bytes: Uint8Array): void {
    const intake = this.#intake;
    if (intake === undefined) return;
    this.#trail?.flush();
    const stored = intake.add(bytes);
    if (intake.isHeaderTooLarge) {
      this.#headerDecided(headerTooLarge);
      return;
    }
    if (stored !== undefined) {
      this.#waiting.hold();
      void stored.then(() => this.#waiting.resume());
    } else if (!this.#isHeaderDecided && intake.header !== undefined) {
      this.#decide('headers', (decision) => this.#headerDecided(decision));
    }
  }

  /** The content is complete. */
  end(): void {
    const intake = this.#intake;
    if (intake !== undefined && !this.#isHeaderDecided) {
      intake.endHeader();
      this.#decide('headers', (decision) => {
        this.#headerDecided(decision);
        if (this.#refused?.kind !== 'disconnect') this.#endOfContent();
      });
    } else this.#endOfContent();
  }

  abort(): void {
    this.#drop();
  }

  #endOfContent(): void {
    if (this.#refused !== undefined) {
      this.#answers.isRefused('content', this.#refused);
      this.#facts.dropTransaction();
    } else if (this.#intake === undefined || !this.#pipeline.has('content', this.#facts)) this.#store();
    else this.#decide('content', (decision) => this.#contentDecided(decision));
  }

  #decide(point: 'headers' | 'content', then: (decision: Decision) => void): void {
    const decision = this.#pipeline.decide(point, this.#facts);
    if (decision instanceof PendingDecision) this.#waiting.wait(decision, then);
    else then(decision);
  }

  #headerDecided(decision: Decision): void {
    this.#isHeaderDecided = true;
    switch (decision.kind) {
      case 'continue':
        break;
      case 'discard':
        this.#facts.transaction.drop(decision);
        break;
      case 'disconnect':
      case 'drop':
        this.#answers.isRefused('content', decision);
        this.#refused = decision;
        break;
      default:
        this.#refused = decision;
    }
    this.#dropWithoutRecipients();
    if (this.#refused !== undefined || this.#facts.transaction.discard !== undefined) this.#drop();
    else this.#mayStream();
  }

  #mayStream(): void {
    const { handover } = this.#facts.transaction;
    if (handover !== undefined) handover.mayStream = this.#isHeaderDecided && !this.#isExaminedToEnd;
  }

  #contentDecided(decision: Decision): void {
    if (this.#answers.isRefused('content', decision)) {
      this.#drop();
      this.#facts.dropTransaction();
      return;
    }
    this.#dropWithoutRecipients();
    this.#store();
  }

  /** Stores the message, or drops it when a stage has discarded it. Where room is counted, it needs some first. */
  #store(): void {
    const { transaction } = this.#facts;
    const intake = this.#intake;
    if (intake !== undefined) transaction.choosePlaces(wholeMail(this.#facts, intake));
    if (intake === undefined || !this.#room.isNeeded(transaction)) {
      this.#storeNow();
      return;
    }
    this.#waiting.hold();
    this.#room.take(transaction, intake.contentBytes, (refusal) => {
      if (refusal === undefined) this.#storeNow();
      else {
        const { reply, stage } = refusal;
        this.#answers.reject('content', reply, transaction.reversePath, '', { stage });
        this.#drop();
        this.#facts.dropTransaction();
      }
      this.#waiting.resume();
    });
  }

  #storeNow(): void {
    const intake = this.#intake;
    const { transaction } = this.#facts;
    this.#facts.endTransaction();
    if (intake === undefined || transaction.discard !== undefined) {
      this.#drop();
      this.#context.log.discarded(transaction);
      this.#session.accept();
      return;
    }
    this.#intake = undefined;
    const refusal = heldNowhere(transaction) ?? intake.refuse();
    if (refusal === undefined) {
      this.#commit(intake, transaction);
      return;
    }
    this.#trail?.end();
    transaction.notAccepted();
    this.#answers.reject('content', refusal, transaction.reversePath, '');
  }

  /** The session goes on with the next message while this one is committed, unless that would make a shortage worse. */
  #commit(intake: MessageIntake, transaction: AcceptedTransaction): void {
    const { handover, reversePath, queueId, turn } = transaction;
    if (handover !== undefined) return this.#handOver(intake, transaction, handover);
    const { memory, intake: manager } = this.#context;
    const trail = this.#trail;
    const answer = this.#session.answerLater();
    const besidesBytes = bytesBesides(answer, intake);
    memory.take(besidesBytes);
    const isShort = memory.scarce || manager.congested;
    if (isShort) this.#waiting.hold();
    intake.store((refusal) => {
      memory.give(besidesBytes);
      trail?.end();
      if (refusal === undefined) answer.accept(queuedText(queueId, turn));
      else {
        transaction.notAccepted();
        this.#answers.rejectLater(answer, refusal, reversePath);
      }
      this.#waiting.answered();
      if (isShort) this.#waiting.resume();
    });
  }

  /** The answer is that of a central server, for which the session waits. */
  #handOver(intake: MessageIntake, transaction: AcceptedTransaction, handover: Handover): void {
    this.#waiting.hold();
    intake.store((refusal) => {
      this.#trail?.end();
      const [{ lines, enhanced } = { lines: [], enhanced: '' }] = handover.verdicts;
      if (refusal === undefined)
        this.#session.accept(lines.join(' '), enhanced === '' ? undefined : enhanced);
      else {
        transaction.notAccepted();
        this.#answers.reject('content', refusal, transaction.reversePath, '');
      }
      this.#waiting.resume();
    });
  }

  #dropWithoutRecipients(): void {
    const { transaction } = this.#facts;
    if (transaction.recipients.length === 0) transaction.drop(noRecipientLeft);
  }

  #drop(): void {
    this.#room.gone();
    this.#intake?.abort();
    if (this.#intake !== undefined) this.#trail?.end();
    this.#intake = undefined;
    this.#facts.content = undefined;
  }
}
