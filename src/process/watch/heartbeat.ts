// Whether one process answers: a ping a second, and how many seconds in a row went by without an answer. It counts its own
// beats and reads no clock, so that a clock that is set, or a machine that slept, makes nobody look stalled.

/** How often each process is asked for a sign of life. */
export const beatEveryMs = 1_000;

/**
 * Beats without an answer after which a process counts as stalled. Garbage collection and a slow disk hold up an event
 * loop for parts of a second.
 */
const stalledAfter = 5;

/** Beats without an answer after which a process is not expected to recover. */
const lostAfter = 60;

export class Heartbeat {
  #isAsked = false;
  #missed = 0;

  /**
   * A beat has passed. True: send a ping. One that is not answered yet is not followed by another, so that what waits for
   * a stopped process does not grow.
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

  get isStalled(): boolean {
    return this.#missed >= stalledAfter;
  }

  /** It has been stalled for a minute: waiting longer helps nobody. */
  get isLost(): boolean {
    return this.#missed >= lostAfter;
  }
}
