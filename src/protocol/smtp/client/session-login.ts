// What the shell of a session answers to its events `login` and `derive`. Promise: an answer that comes too late has no effect.

import type { ClientLogin } from './login-types.ts';
import type { Opening, OpeningStep } from './opening.ts';
import { oneLine } from './reply-parser.ts';

export class SessionLogin {
  readonly #opening: Opening;
  readonly #goOn: (step: OpeningStep) => void;

  /** @param goOn - acts on a step, unless the session has ended */
  constructor(opening: Opening, goOn: (step: OpeningStep) => void) {
    this.#opening = opening;
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
