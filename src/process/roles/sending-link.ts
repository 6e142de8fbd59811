// Sending limits in a receiver's process: asks the manager, which alone counts, over the receiver's link. Promises: every question ends, while
// the manager is away or silent with an answer that says so; a message that was counted too late is taken back.

import type { Charge, Charged, Release } from '../../channel/sending-messages.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { ChargeAnswer, HandIn, SendingCharge, SendingLedger } from '../../policy/sending/types.ts';
import { ManagerQuestions } from './manager-questions.ts';

export class SendingLink implements SendingLedger {
  readonly #post: (message: Charge | Release) => void;
  readonly #questions: ManagerQuestions<ChargeAnswer>;

  constructor(post: (message: Charge | Release) => void, deadlines = new Deadlines()) {
    this.#post = post;
    this.#questions = new ManagerQuestions<ChargeAnswer>(deadlines, (reason) => ({
      kind: 'failing',
      reason,
    }));
  }

  charge(handIn: HandIn, isTrial = false): Promise<ChargeAnswer> {
    return this.#questions.ask((id) =>
      this.#post({ kind: 'charge', id, handIn, ...(isTrial && { isTrial }) }),
    );
  }

  release(charge: SendingCharge): void {
    this.#post({ kind: 'release', charge });
  }

  take(batch: readonly Charged[]): void {
    for (const { id, answer } of batch) {
      if (this.#questions.answered(id, answer)) continue;
      // Nobody waits for it any more.
      if (answer.kind === 'counted' && answer.isTrial !== true) this.release(answer.charge);
    }
  }

  /** A manager is there. */
  linked(): void {
    this.#questions.linked();
  }

  lost(): void {
    this.#questions.lost();
  }
}
