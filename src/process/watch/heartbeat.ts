// Finds out whether a process answers: it is pinged once a second, and seconds without an answer are counted. The count is of
// beats, and no clock is read, so that a clock that is set, or a machine that slept, makes no process look stalled.

/** How often each process is asked for a sign of life. */
export const beatEveryMs = 1_000;

/** Beats without an answer after which a process is stalled. Garbage collection and a slow disk take less than a second. */
const stalledAfter = 5;

export class Heartbeat {
  #isAsked = false;
  #missed = 0;

  /**
   * Counts a beat. Returns true when a ping is to be sent: none while the last one is not answered, so that no queue of
   * messages grows for a stopped process.
   */
  beat(): boolean {
    if (this.#isAsked) {
      this.#missed++;
      return false;
    }
    this.#isAsked = true;
    return true;
  }

  answered(): void {
    this.#isAsked = false;
    this.#missed = 0;
  }

  /** The last beat was not answered. */
  get isSilent(): boolean {
    return this.#missed > 0;
  }

  get isStalled(): boolean {
    return this.#missed >= stalledAfter;
  }

  /** It has not answered for so long, and is not expected to recover. */
  isLost(afterMs: number): boolean {
    return this.#missed * beatEveryMs >= afterMs;
  }
}
