// One question about a recipient, from its place in the line to its answer. Promise: it is answered once, and in time.

import type { Deadline, Deadlines } from '../../io/deadlines.ts';
import type { AskOutcome } from './call-ahead-types.ts';

export class Question implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly address: string;
  #isAnswered = false;
  #wasLost = false;
  readonly #deadlines: Pick<Deadlines, 'set' | 'clear'>;
  readonly #answer: (outcome: AskOutcome) => void;
  readonly #late: (question: Question) => void;

  /** @param late - is told when the time is over */
  constructor(
    address: string,
    {
      deadlines,
      timeLimitMs,
    }: { readonly deadlines: Pick<Deadlines, 'set' | 'clear'>; readonly timeLimitMs: number },
    answer: (outcome: AskOutcome) => void,
    late: (question: Question) => void,
  ) {
    this.address = address;
    this.#deadlines = deadlines;
    this.#answer = answer;
    this.#late = late;
    deadlines.set(this, timeLimitMs);
  }

  answer(outcome: AskOutcome): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#deadlines.clear(this);
    this.#answer(outcome);
  }

  /** It was lost with its connection: it may be asked once more. */
  mayBeAskedAgain(): boolean {
    if (this.#isAnswered || this.#wasLost) return false;
    this.#wasLost = true;
    return true;
  }

  expired(): void {
    this.#late(this);
  }
}
