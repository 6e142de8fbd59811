// Whether the log-in of a session still holds: asked before each message, because a session can last for hours, and a user whose account was
// taken over is disabled or gets another password meanwhile. Promises: while the directory cannot tell, mail is refused for now.

import type { Directory, LoginMark, StillLoggedIn } from '../directory/types.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { ReceivedSession } from './received-session.ts';
import type { SessionAnswers } from './session-answers.ts';

const logInAgain: Reply = {
  code: 421,
  enhanced: '4.7.0',
  text: 'The user was changed since you have logged in: log in again',
};
const cannotTell: Reply = {
  code: 451,
  enhanced: '4.3.0',
  text: 'Your log-in cannot be checked now, try again later',
};

export interface LoginWaiting {
  hold(): void;
  resume(): void;
}

export class LastingLogin {
  readonly #directory: Directory;
  readonly #facts: ReceivedSession;
  readonly #answers: SessionAnswers;
  readonly #waiting: LoginWaiting;
  #login: LoginMark | undefined;
  #isGone = false;

  constructor(directory: Directory, facts: ReceivedSession, answers: SessionAnswers, waiting: LoginWaiting) {
    this.#directory = directory;
    this.#facts = facts;
    this.#answers = answers;
    this.#waiting = waiting;
  }

  /** @param mark - undefined when the directory does not know with what the user has logged in */
  begin(address: string, mark: string | undefined): void {
    this.#login = mark === undefined ? undefined : { address, mark };
  }

  /** MAIL: goes on if the client may still send as its user, and answers why not otherwise. */
  check(reversePath: string, goOn: () => void): void {
    const login = this.#login;
    // After XCLIENT, it is the log-in of another client.
    if (login === undefined || this.#facts.user === undefined) {
      goOn();
      return;
    }
    this.#waiting.hold();
    const failing = (error: unknown): StillLoggedIn => ({ kind: 'failing', reason: String(error) });
    void this.#directory
      .isStillLoggedIn(login)
      .catch(failing)
      .then((answer) => {
        if (this.#isGone) return;
        this.#answered(answer, reversePath, goOn);
        this.#waiting.resume();
      });
  }

  /** The client has gone. */
  gone(): void {
    this.#isGone = true;
  }

  #answered(answer: StillLoggedIn, reversePath: string, goOn: () => void): void {
    switch (answer.kind) {
      case 'user':
        this.#facts.userIs(answer.user);
        goOn();
        break;
      case 'changed':
        this.#answers.disconnect('MAIL', logInAgain);
        break;
      case 'failing':
        this.#answers.reject('MAIL', cannotTell, reversePath, '');
        break;
    }
  }
}
