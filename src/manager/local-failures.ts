// Connections that this machine could not even begin: no such source address, no port or file left. Mail goes on by another
// way or later, so nothing else would tell; one warning a minute does, with how many there were.

import type { Refusal } from '../message/refusal.ts';
import { refusalText } from '../message/refusal-text.ts';
import type { Logger } from '../log/logger.ts';

const everyMs = 60_000;

export class LocalFailures {
  readonly #log: Logger;
  #nextMs = -Infinity;
  #unsaid = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param refusal - as the sender process reports it; its text says which host it was for */
  failed(refusal: Refusal, nowMs: number): void {
    if (nowMs < this.#nextMs) {
      this.#unsaid++;
      return;
    }
    const more = this.#unsaid === 0 ? '' : ` (${this.#unsaid} more since the last warning)`;
    this.#log.warn(`a connection could not be begun: ${refusalText(refusal)}${more}`);
    this.#nextMs = nowMs + everyMs;
    this.#unsaid = 0;
  }
}
