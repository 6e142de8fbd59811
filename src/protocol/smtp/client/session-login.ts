// What the shell of a session answers to its events `login` and `derive`. Promises: an answer that comes too late has no effect, and no
// reply of the session is shown with a secret in it that was sent.

import type { ClientLogin } from './login-types.ts';
import type { Opening, OpeningStep } from './opening.ts';
import { oneLine, type ReplyParser } from './reply-parser.ts';

export class SessionLogin {
  readonly #opening: Opening;
  readonly #parser: Pick<ReplyParser, 'secrets'>;
  readonly #goOn: (step: OpeningStep) => void;

  /**
   * @param parser - of all replies of the session
   * @param goOn - acts on a step, unless the session has ended
   */
  constructor(opening: Opening, parser: Pick<ReplyParser, 'secrets'>, goOn: (step: OpeningStep) => void) {
    this.#opening = opening;
    this.#parser = parser;
    this.#goOn = goOn;
  }

  /** The mechanism by which the session has logged in; empty when it has not. */
  get mechanism(): string {
    return this.#opening.authentication?.mechanism ?? '';
  }

  /** What may be said about bytes that are no reply: once a secret was sent, a server may have it in any of them. */
  shown(error: string): string {
    const quote = error.indexOf(': "');
    const isQuoted = this.#opening.phase === 'auth' && quote !== -1;
    return `protocol error: ${isQuoted ? error.slice(0, quote) : error}`;
  }

  /** To the event `login`. */
  begin(login: ClientLogin): void {
    const step = this.#opening.logIn(login);
    this.#parser.secrets = this.#opening.authentication?.told ?? [];
    if (step !== undefined) this.#goOn(step);
  }

  /** To the event `derive`. */
  derived(key: Uint8Array): void {
    const step = this.#opening.phase === 'auth' ? this.#opening.authentication?.derived(key) : undefined;
    if (step !== undefined) this.#goOn(step);
  }

  /** To both: there is nothing to log in with, so nothing is sent. @param text - on one line */
  failed(text: string): void {
    if (this.#opening.phase !== 'auth') return;
    const failure = { kind: 'broken', during: 'AUTH', text: oneLine(text), enhanced: '4.7.0' } as const;
    this.#goOn({ kind: 'failed', failure, permanent: false });
  }
}
