// Remembers for a while which passwords were right, so that a program that logs in every minute does not cost a slow hash each time.
// Neither passwords nor hashes are kept: only a keyed digest of both, whose key never leaves this object. A password that is changed is not known
// any more, because the stored hash is part of what is remembered.

import { createHmac, randomBytes } from 'node:crypto';

const mostKnown = 20_000;

export class KnownPasswords {
  readonly #key = randomBytes(32);
  readonly #nowMs: () => number;
  /** By digest, when it is forgotten; oldest first. */
  readonly #untilMs = new Map<string, number>();

  /** @param nowMs - a monotonic clock */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  isKnown(stored: string, password: string): boolean {
    const digest = this.#digest(stored, password);
    const untilMs = this.#untilMs.get(digest);
    if (untilMs === undefined) return false;
    if (untilMs > this.#nowMs()) return true;
    this.#untilMs.delete(digest);
    return false;
  }

  /** @param keepMs - 0 remembers nothing */
  remember(stored: string, password: string, keepMs: number): void {
    if (keepMs === 0) return;
    const digest = this.#digest(stored, password);
    this.#untilMs.delete(digest);
    this.#untilMs.set(digest, this.#nowMs() + keepMs);
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size <= mostKnown) break;
      this.#untilMs.delete(oldest);
    }
  }

  #digest(stored: string, password: string): string {
    return createHmac('sha256', this.#key).update(`${stored}\0${password}`).digest('base64');
  }
}
