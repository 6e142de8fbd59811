// What becomes of a client that names recipients that do not exist, as one does that guesses addresses: in a session, its answers
// begin to wait, then the session ends; then its network is refused for a while. Promises: clients that may relay and users who have
// logged in are never slowed or refused; nothing is done for a session that names no unknown recipient.

import type { Deadline } from '../io/deadlines.ts';
import type { Decision } from '../policy/decision.ts';
import { dateText } from '../policy/sending/sending-text.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { guesserKey } from './guess-counts.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';
import type { SessionAnswers } from './session-answers.ts';

/** The name in the log. */
const guessing = 'guessing';

// RFC 3463 3.8: X.7.0, another security status. RFC 5321 3.8: 421 before the connection is closed.
const tooMany: Reply = {
  code: 421,
  enhanced: '4.7.0',
  text: 'Too many recipients that do not exist, try again later',
};
/** For a client whose network rests. */
const resting: Reply = {
  code: 421,
  enhanced: '4.7.0',
  text: 'Your network has named too many recipients that do not exist, try again later',
};

/** What applies to a client; `guesses` is undefined where it is not counted over sessions. */
export type GuessContext = Pick<ReceiveContext, 'guesses' | 'settings'>;

interface GuessWaiting {
  hold(): void;
  resume(): void;
}

/** The status as scripts write it into a text: in front (RFC 2034 4), or at the end as qmail does. */
const unknownInText = /^5\.1\.1(?:\s|$)|\(#5\.1\.1\)\s*$/;

/** Is it about a mailbox that does not exist (RFC 3463 3.2)? */
function isUnknownRecipient(decision: Decision): boolean {
  if (decision.kind !== 'reject') return false;
  const { code, enhanced, text } = decision.reply;
  if (code < 500) return false;
  if (enhanced !== undefined) return enhanced === '5.1.1';
  return typeof text === 'string' ? unknownInText.test(text) : text.some((line) => unknownInText.test(line));
}

/** Clients that nobody has to be protected from. */
function isTrusted({ client, principal }: ReceivedSession): boolean {
  return client.mayRelay || principal !== undefined || client.rule?.relay !== undefined;
}

export class GuessSteps implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly #context: ReceiveContext;
  readonly #facts: ReceivedSession;
  readonly #answers: SessionAnswers;
  readonly #waiting: GuessWaiting;
  #limits: GuessContext;
  #unknown = 0;
  /** Gives the answer that waits. */
  #answer: (() => void) | undefined;

  constructor(
    context: ReceiveContext,
    facts: ReceivedSession,
    answers: SessionAnswers,
    waiting: GuessWaiting,
  ) {
    this.#context = context;
    this.#limits = context;
    this.#facts = facts;
    this.#answers = answers;
    this.#waiting = waiting;
  }

  /** XCLIENT: the session goes on with another client. */
  restart(context: GuessContext): void {
    this.#limits = context;
    this.#unknown = 0;
  }

  /** Refuses a client whose network rests, unless it may yet prove who it is: then at MAIL. @returns whether it did */
  isClientRefused(command: 'CONNECT' | 'XCLIENT' | 'MAIL'): boolean {
    const { guesses, settings } = this.#limits;
    if (command !== 'MAIL' && settings.guessing.awaitsProof) return false;
    if (guesses?.rests(this.#facts.client.address, this.#context.deadlines.nowMs) !== true) return false;
    if (isTrusted(this.#facts)) return false;
    this.#answers.disconnect(command, resting, { stage: guessing });
    return true;
  }

  /** RCPT: refuses a recipient that does not exist: now, later, or with the end of the session. @returns whether it is one */
  isRefused(decision: Decision, recipient: string): boolean {
    if (!isUnknownRecipient(decision) || isTrusted(this.#facts)) return false;
    this.#refuse(decision, recipient);
    return true;
  }

  #refuse(decision: Decision, recipient: string): void {
    const { guesses, settings } = this.#limits;
    const { deadlines } = this.#context;
    const { free, delayMs, most } = settings.guessing;
    this.#unknown++;
    const { address } = this.#facts.client;
    const exceeded = guesses?.add(address, deadlines.nowMs);
    if (exceeded !== undefined) {
      const again = dateText(Date.now() + exceeded.restMs);
      this.#context.log.guessing(address, this.#unknown, { key: guesserKey(address), again });
    } else if (most > 0 && this.#unknown > most) {
      this.#context.log.guessing(address, this.#unknown, undefined);
    } else if (delayMs > 0 && this.#unknown > free) {
      this.#waiting.hold();
      this.#answer = () => void this.#answers.isRefused('RCPT', decision, recipient);
      deadlines.set(this, delayMs);
      return;
    } else {
      this.#answers.isRefused('RCPT', decision, recipient);
      return;
    }
    this.#answers.disconnect('RCPT', tooMany, { stage: guessing }, recipient);
  }

  expired(): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.();
    this.#waiting.resume();
  }

  gone(): void {
    this.#answer = undefined;
    this.#context.deadlines.clear(this);
  }
}
