// Logs connections that this machine could not even begin, because a source address is missing or no port or open file is
// left. Mail is tried in another way or later, so nothing else would tell. At most one warning a minute, with their number.

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

  /** @param refusal - from the report of the sender process; its text names the host */
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
