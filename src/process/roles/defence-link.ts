// What a receiver's process asks because all receivers need one memory for it: asks the manager, over the receiver's link. Promises: every question
// ends, while the manager is away or silent with an answer that says so.

import type {
  Defend,
  DefenceAnswer,
  Defended,
  DefenceQuestion,
  Learn,
  NoteRate,
  VisitEnded,
} from '../../channel/defence-messages.ts';
import type { VisitAnswer, VisitLedger, VisitWish } from '../../deliver/call-ahead/call-ahead-types.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { EtrnAnswer, LearnedAnswer } from '../../policy/backup/types.ts';
import type { DefenceLedger } from '../../policy/defences/types.ts';
import type { GreylistAnswer, GreylistQuestion } from '../../policy/greylist/types.ts';
import type { RateAnswer, RateQuestion } from '../../policy/rates/types.ts';
import type { EtrnNode } from '../../values/etrn-node.ts';
import { ManagerQuestions } from './manager-questions.ts';

const otherKind = { kind: 'failing', reason: 'the manager answers something else' } as const;

export class DefenceLink implements DefenceLedger, VisitLedger {
  readonly #post: (message: Defend | NoteRate | Learn | VisitEnded) => void;
  readonly #questions: ManagerQuestions<DefenceAnswer>;
  /** By number: to be told when the manager that has counted it is gone. */
  readonly #visits = new Map<number, () => void>();

  constructor(post: (message: Defend | NoteRate | Learn | VisitEnded) => void, deadlines = new Deadlines()) {
    this.#post = post;
    this.#questions = new ManagerQuestions<DefenceAnswer>(deadlines, (reason) => ({
      kind: 'failing',
      reason,
    }));
  }

  greylist(question: GreylistQuestion): Promise<GreylistAnswer> {
    return this.#ask({ kind: 'greylist', ...question }, ['passes', 'waits']);
  }

  rate(question: RateQuestion): Promise<RateAnswer> {
    return this.#ask({ kind: 'rate', ...question }, ['within', 'exceeded']);
  }

  noteRate(question: RateQuestion): void {
    this.#post({ kind: 'noteRate', question });
  }

  etrn(node: EtrnNode): Promise<EtrnAnswer> {
    return this.#ask({ kind: 'etrn', node }, ['started', 'nothing', 'not-allowed', 'busy']);
  }

  learned(address: string): Promise<LearnedAnswer> {
    return this.#ask({ kind: 'learned', address }, ['learned', 'unknown', 'unlearned']);
  }

  learn(address: string, exists: boolean): void {
    this.#post({ kind: 'learn', address, exists });
  }

  take({ id, answer }: Defended): void {
    const isAwaited = this.#questions.answered(id, answer);
    if (!isAwaited && answer.kind === 'visit') this.#post({ kind: 'visitEnded', number: answer.number });
  }

  /** A manager is there. */
  linked(): void {
    this.#questions.linked();
  }

  lost(): void {
    this.#questions.lost();
    const lost = [...this.#visits.values()];
    this.#visits.clear();
    for (const tell of lost) tell();
  }

  /** @param kinds - those that answer this question */
  async visit(wish: VisitWish, lost: () => void): Promise<VisitAnswer> {
    const answer = await this.#ask({ kind: 'visit', ...wish }, ['visit']);
    if (answer.kind === 'visit') this.#visits.set(answer.number, lost);
    return answer;
  }

  visitEnded(number: number): void {
    if (this.#visits.delete(number)) this.#post({ kind: 'visitEnded', number });
  }

  async #ask<const Kind extends DefenceAnswer['kind']>(
    question: DefenceQuestion,
    kinds: readonly Kind[],
  ): Promise<Extract<DefenceAnswer, { readonly kind: Kind | 'failing' }>> {
    type Answer = Extract<DefenceAnswer, { readonly kind: Kind | 'failing' }>;
    const answer = await this.#questions.ask((id) => this.#post({ kind: 'defend', id, question }));
    const isOfQuestion = answer.kind === 'failing' || kinds.some((kind) => kind === answer.kind);
    return (isOfQuestion ? answer : otherKind) as Answer;
  }
}
