// When the system's clock was set and when managers ended, as seen from outside: tells which mail has a date from which nobody
// can tell its age.

/** Until a manager that is up has heard of new mail, and has stored what it noticed of the clock when it did. */
const noticesMs = 3_000;

export class ClockBooks {
  readonly #nowMs: () => number;
  readonly #slackMs: number;
  /** When the clock was set by more than the slack. */
  readonly #stepsMs: number[] = [];
  readonly #managerEndsMs: number[] = [];
  readonly #crashesMs: number[] = [];
  #wasSet = false;

  /** @param slackMs - smaller steps of the clock are taken for time */
  constructor(nowMs: () => number, slackMs: number) {
    this.#nowMs = nowMs;
    this.#slackMs = slackMs;
  }

  get wasSet(): boolean {
    return this.#wasSet;
  }

  set(byMs: number): void {
    this.#wasSet = true;
    if (Math.abs(byMs) > this.#slackMs) this.#stepsMs.push(this.#nowMs());
  }

  /** @param inOrder - everything that it knew is stored */
  managerEnded(inOrder = false): void {
    this.#managerEndsMs.push(this.#nowMs());
    if (!inOrder) this.#crashesMs.push(this.#nowMs());
  }

  /** How many managers have crashed since then: what they had not stored was done twice. */
  crashesSince(atMs: number): number {
    return this.#crashesMs.filter((endMs) => endMs >= atMs).length;
  }

  /**
   * Is the date of mail that came in then from a clock that was set again before a manager had to notice the first time?
   * Nothing tells such a date from a true one: a manager that starts later may take the mail for older or younger than it is.
   */
  isUnknown(atMs: number): boolean {
    const setMs = this.#stepsMs.findLast((stepMs) => stepMs <= atMs);
    const againMs = this.#stepsMs.find((stepMs) => stepMs > atMs);
    if (setMs === undefined || againMs === undefined) return false;
    const hasEnded = this.#managerEndsMs.some((endMs) => endMs >= setMs && endMs <= againMs);
    return hasEnded || againMs - atMs < noticesMs;
  }
}
