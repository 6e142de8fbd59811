// Sending limits in a receiver's process: asks the manager, which alone counts, over the receiver's link. Promises: every question ends, while
// the manager is away or silent with an answer that says so; a message that was counted too late is taken back.

import type { Charge, Charged, Release } from '../../channel/messages.ts';
import { type Deadline, Deadlines } from '../../io/deadlines.ts';
import type { ChargeAnswer, HandIn, SendingCharge, SendingLedger } from '../../policy/sending/types.ts';

/** How long a question may take. */
const patienceMs = 10_000;

class Question implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly expired: () => void;
  readonly end: (answer: ChargeAnswer) => void;

  constructor(end: (answer: ChargeAnswer) => void, expired: () => void) {
    this.end = end;
    this.expired = expired;
  }
}

export class SendingLink implements SendingLedger {
  readonly #post: (message: Charge | Release) => void;
  readonly #deadlines: Deadlines;
  readonly #pending = new Map<number, Question>();
  #lastId = 0;
  #isLinked = false;

  constructor(post: (message: Charge | Release) => void, deadlines = new Deadlines()) {
    this.#post = post;
    this.#deadlines = deadlines;
  }

  charge(handIn: HandIn, isTrial = false): Promise<ChargeAnswer> {
    if (!this.#isLinked) return Promise.resolve(failing('the manager process is being restarted'));
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const question = new Question(resolve, () => this.#end(id, failing('the manager does not answer')));
      this.#pending.set(id, question);
      this.#deadlines.start();
      this.#deadlines.set(question, patienceMs);
      this.#post({ kind: 'charge', id, handIn, ...(isTrial && { isTrial }) });
    });
  }

  release(charge: SendingCharge): void {
    this.#post({ kind: 'release', charge });
  }

  take(batch: readonly Charged[]): void {
    for (const { id, answer } of batch) {
      if (this.#pending.has(id)) this.#end(id, answer);
      // Nobody waits for it any more.
      else if (answer.kind === 'counted' && answer.isTrial !== true) this.release(answer.charge);
    }
  }

  /** A manager is there. */
  linked(): void {
    this.#isLinked = true;
  }

  lost(): void {
    this.#isLinked = false;
    for (const id of this.#pending.keys()) this.#end(id, failing('the manager process is being restarted'));
  }

  #end(id: number, answer: ChargeAnswer): void {
    const question = this.#pending.get(id);
    if (question === undefined) return;
    this.#pending.delete(id);
    this.#deadlines.clear(question);
    question.end(answer);
  }
}

function failing(reason: string): ChargeAnswer {
  return { kind: 'failing', reason };
}
