// Defences in a receiver's process that need one memory for all receivers: asks the manager, over the receiver's link. Promises: every question ends,
// while the manager is away or silent with an answer that says so.

import type { Defend, DefenceAnswer, Defended, NoteRate } from '../../channel/defence-messages.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { DefenceLedger } from '../../policy/defences/types.ts';
import type { GreylistAnswer, GreylistQuestion } from '../../policy/greylist/types.ts';
import type { RateAnswer, RateQuestion } from '../../policy/rates/types.ts';
import { ManagerQuestions } from './manager-questions.ts';

const otherKind = { kind: 'failing', reason: 'the manager answers something else' } as const;

export class DefenceLink implements DefenceLedger {
  readonly #post: (message: Defend | NoteRate) => void;
  readonly #questions: ManagerQuestions<DefenceAnswer>;

  constructor(post: (message: Defend | NoteRate) => void, deadlines = new Deadlines()) {
    this.#post = post;
    this.#questions = new ManagerQuestions<DefenceAnswer>(deadlines, (reason) => ({
      kind: 'failing',
      reason,
    }));
  }

  async greylist(question: GreylistQuestion): Promise<GreylistAnswer> {
    const answer = await this.#ask({ kind: 'greylist', ...question });
    return answer.kind === 'within' || answer.kind === 'exceeded' ? otherKind : answer;
  }

  async rate(question: RateQuestion): Promise<RateAnswer> {
    const answer = await this.#ask({ kind: 'rate', ...question });
    return answer.kind === 'passes' || answer.kind === 'waits' ? otherKind : answer;
  }

  noteRate(question: RateQuestion): void {
    this.#post({ kind: 'noteRate', question });
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

  #ask(question: Defend['question']): Promise<DefenceAnswer> {
    return this.#questions.ask((id) => this.#post({ kind: 'defend', id, question }));
  }
}
