// Greylisting (RFC 6647 2.1): a recipient of a message is put off until some time after it was first seen.

import { Trait, type Visit } from '../trait.ts';

const mostRecipients = 0x1_0000;

export class Greylist extends Trait {
  readonly #delayMs: number;
  readonly #firstSeenMs = new Map<number, number>();

  constructor(delayMs: number) {
    super();
    this.#delayMs = delayMs;
  }

  override judge(_visit: Visit, message: number, recipient: number, nowMs: number): string {
    const key = message * mostRecipients + recipient;
    const firstSeenMs = this.#firstSeenMs.get(key);
    if (firstSeenMs === undefined) this.#firstSeenMs.set(key, nowMs);
    return nowMs < (firstSeenMs ?? nowMs) + this.#delayMs
      ? '450 4.7.1 Greylisted, please try again later'
      : '';
  }
}
