// Defences in a receiver's process that need one memory for all receivers: asks the manager, over the receiver's link. Promises: every question ends,
// while the manager is away or silent with an answer that says so.

import type { Defend, DefenceAnswer, Defended } from '../../channel/defence-messages.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { GreylistAnswer, GreylistMemory, GreylistQuestion } from '../../policy/greylist/types.ts';
import { ManagerQuestions } from './manager-questions.ts';

export class DefenceLink implements GreylistMemory {
  readonly #post: (message: Defend) => void;
  readonly #questions: ManagerQuestions<DefenceAnswer>;

  constructor(post: (message: Defend) => void, deadlines = new Deadlines()) {
    this.#post = post;
    this.#questions = new ManagerQuestions<DefenceAnswer>(deadlines, (reason) => ({
      kind: 'failing',
      reason,
    }));
  }

  greylist(question: GreylistQuestion): Promise<GreylistAnswer> {
    return this.#questions.ask((id) =>
      this.#post({ kind: 'defend', id, question: { kind: 'greylist', ...question } }),
    );
  }

  take({ id, answer }: Defended): void {
    this.#questions.answered(id, answer);
  }

  /** A manager is there. */
  linked(): void {
    this.#questions.linked();
  }

  lost(): void {
    this.#questions.lost();
  }
}
