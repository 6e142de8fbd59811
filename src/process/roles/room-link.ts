// Room in quarantine for a receiver's process: asks the manager, which alone counts, over the receiver's link. Promises: every question ends, while
// the manager is away or silent with an answer that says so; room that came too late is given up.

import type { GiveUpRoom, ReserveRoom, RoomAnswered } from '../../channel/room-messages.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { HeldMail, QuarantineLedger, RoomAnswer } from '../../policy/quarantine/types.ts';
import { ManagerQuestions } from './manager-questions.ts';

export class RoomLink implements QuarantineLedger {
  readonly #post: (message: ReserveRoom | GiveUpRoom) => void;
  readonly #questions: ManagerQuestions<RoomAnswer>;
  /** Questions whose answer came too late to be waited for, by their numbers. */
  readonly #asked = new Map<number, string>();

  constructor(post: (message: ReserveRoom | GiveUpRoom) => void, deadlines = new Deadlines()) {
    this.#post = post;
    this.#questions = new ManagerQuestions<RoomAnswer>(deadlines, (reason) => ({ kind: 'failing', reason }));
  }

  reserve(mail: HeldMail, isTrial = false): Promise<RoomAnswer> {
    return this.#questions.ask((id) => {
      if (!isTrial) this.#asked.set(id, mail.queueId);
      this.#post({ kind: 'reserve', id, mail, ...(isTrial && { isTrial }) });
    });
  }

  giveUp(queueId: string): void {
    this.#post({ kind: 'giveUp', queueId });
  }

  take({ id, answer }: RoomAnswered): void {
    const queueId = this.#asked.get(id);
    this.#asked.delete(id);
    if (this.#questions.answered(id, answer)) return;
    if (answer.kind === 'reserved' && queueId !== undefined) this.giveUp(queueId);
  }

  linked(): void {
    this.#questions.linked();
  }

  lost(): void {
    this.#asked.clear();
    this.#questions.lost();
  }
}
