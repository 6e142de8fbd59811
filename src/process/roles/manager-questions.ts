// Questions of a receiver to the manager. Promises: every question ends: with its answer, or while the manager is away or silent with one that says so.

import type { Deadline, Deadlines } from '../../io/deadlines.ts';

/** How long a question may take. */
const patienceMs = 10_000;

class Question<Answer> implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly expired: () => void;
  readonly end: (answer: Answer) => void;

  constructor(end: (answer: Answer) => void, expired: () => void) {
    this.end = end;
    this.expired = expired;
  }
}

export class ManagerQuestions<Answer> {
  readonly #deadlines: Deadlines;
  readonly #failing: (reason: string) => Answer;
  readonly #pending = new Map<number, Question<Answer>>();
  #lastId = 0;
  #isLinked = false;

  /** @param failing - the answer when nobody can tell: why, as a clause */
  constructor(deadlines: Deadlines, failing: (reason: string) => Answer) {
    this.#deadlines = deadlines;
    this.#failing = failing;
  }

  /** @param post - sends the question with this number */
  ask(post: (id: number) => void): Promise<Answer> {
    if (!this.#isLinked) return Promise.resolve(this.#failing('the manager process is being restarted'));
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const question = new Question(resolve, () => {
        this.answered(id, this.#failing('the manager does not answer'));
      });
      this.#pending.set(id, question);
      this.#deadlines.start();
      this.#deadlines.set(question, patienceMs);
      post(id);
    });
  }

  /** @returns false when nobody waits for it any more */
  answered(id: number, answer: Answer): boolean {
    const question = this.#pending.get(id);
    if (question === undefined) return false;
    this.#pending.delete(id);
    this.#deadlines.clear(question);
    question.end(answer);
    return true;
  }

  /** A manager is there. */
  linked(): void {
    this.#isLinked = true;
  }

  lost(): void {
    this.#isLinked = false;
    for (const id of this.#pending.keys()) {
      this.answered(id, this.#failing('the manager process is being restarted'));
    }
  }
}
