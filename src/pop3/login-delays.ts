// LOGIN-DELAY (RFC 2449 6.5): how long a user has to wait between two log-ins. Bounded in users: those who have logged in long ago are forgotten first.

const mostUsers = 10_000;

export class LoginDelays {
  #delayMs: number;
  /** When each user has logged in last, in this order. */
  readonly #lastMs = new Map<string, number>();

  /** @param delayMs - 0: none */
  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  configure(delayMs: number): void {
    this.#delayMs = delayMs;
    if (delayMs === 0) this.#lastMs.clear();
  }

  /** A user logs in. @param nowMs - of a monotonic clock. @returns whether that is too early */
  isTooEarly(user: string, nowMs: number): boolean {
    if (this.#delayMs === 0) return false;
    const lastMs = this.#lastMs.get(user);
    if (lastMs !== undefined && nowMs - lastMs < this.#delayMs) return true;
    this.#lastMs.delete(user);
    this.#lastMs.set(user, nowMs);
    for (const [oldest] of this.#lastMs) {
      if (this.#lastMs.size <= mostUsers) break;
      this.#lastMs.delete(oldest);
    }
    return false;
  }
}
