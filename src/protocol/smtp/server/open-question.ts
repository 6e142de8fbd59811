// The event of a session that waits for its caller's answer: one at most.

import type { Question } from './judge-command.ts';
import { SessionMisuseError } from './session-misuse-error.ts';

export class OpenQuestion {
  #question: Question | undefined;

  get isOpen(): boolean {
    return this.#question !== undefined;
  }

  get kind(): Question['kind'] | undefined {
    return this.#question?.kind;
  }

  ask(question: Question): Question {
    this.#question = question;
    return question;
  }

  /** @throws {SessionMisuseError} when nothing waits for an answer */
  take(): Question {
    const question = this.#question;
    if (question === undefined)
      throw new SessionMisuseError('An answer was given, but nothing waits for one');
    this.#question = undefined;
    return question;
  }
}
