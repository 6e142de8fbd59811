// A number of places, and a line of those who wait for one. Promises: the line is bounded, and nobody waits longer than it is said.

/**
 * `full`: the line is. `late`: no place came free in time. `gone`: who waited does not want one any more. `left`: who waited takes one at once, or
 * none.
 */
export type PlaceAnswer = 'place' | 'full' | 'late' | 'gone' | 'left';

export class Places {
  readonly #waiting = new Set<() => void>();
  #most: number;
  #mostWaiting: number;
  #taken = 0;

  constructor(most: number, mostWaiting: number) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  /** Those who have a place keep it. */
  configure(most: number, mostWaiting: number): void {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
    while (this.#taken < this.#most && this.#waiting.size > 0) this.#callNext();
  }

  /**
   * Takes a place, perhaps after a wait. Whoever got one must call `leave`.
   * @param signal - ends the wait at once
   * @param left - the same, but a place that is free is taken
   */
  take(waitMs: number, signal?: AbortSignal, left?: AbortSignal): Promise<PlaceAnswer> {
    if (signal?.aborted === true) return Promise.resolve('gone');
    if (this.#taken < this.#most) {
      this.#taken++;
      return Promise.resolve('place');
    }
    if (left?.aborted === true) return Promise.resolve('left');
    if (this.#waiting.size >= this.#mostWaiting) return Promise.resolve('full');
    return new Promise((resolve) => {
      const end = (answer: PlaceAnswer): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', gone);
        left?.removeEventListener('abort', leaves);
        this.#waiting.delete(called);
        resolve(answer);
      };
      const called = (): void => end('place');
      const gone = (): void => end('gone');
      const leaves = (): void => end('left');
      const timer = setTimeout(() => end('late'), waitMs);
      signal?.addEventListener('abort', gone);
      left?.addEventListener('abort', leaves);
      this.#waiting.add(called);
    });
  }

  leave(): void {
    this.#taken--;
    if (this.#taken < this.#most) this.#callNext();
  }

  #callNext(): void {
    for (const called of this.#waiting) {
      this.#waiting.delete(called);
      this.#taken++;
      called();
      return;
    }
  }
}
