// What a session has to say and to tell: its commands for the server, and its events for the shell.

import type { ClientEvent } from './client-types.ts';

export class SessionOutput {
  readonly #events: ClientEvent[] = [];
  #text = '';

  /** @param commands - each with its CRLF */
  send(commands: string): void {
    this.#text += commands;
  }

  tell(event: ClientEvent): void {
    this.#events.push(event);
  }

  /** The next event, in order; undefined when there is none. */
  next(): ClientEvent | undefined {
    return this.#events.shift();
  }

  /** All commands since the last call; empty when there are none. */
  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}
