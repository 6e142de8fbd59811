// Who delivers to a user, and how many at once. Deliveries to one user wait for each other as long as they get on. Promise: while all that may run for
// a user take long, further mail for this user waits in the queue, not here, where it would hold up others; it is tried again in seconds.

/** A delivery that takes longer holds up no others: most are over in a tenth of it. */
const slowAfterMs = 2_000;
/** The start of the process is no work of the user, and may take as long on a machine that is loaded. */
const startMs = 15_000;
/** Mail that had to go back comes again after this time, one after the other, so that it does not all come at once. */
const soonMs = 3_000;
const betweenMs = 250;
const latestMs = 300_000;

/** It was not its turn. @property retryInMs - when it may be */
export interface Busy {
  readonly kind: 'busy';
  readonly retryInMs: number;
}

interface Running {
  count: number;
  slow: number;
  /** Of `performance.now()`: when the last one that had to go back comes again. */
  againMs: number;
  readonly waiting: Set<{ readonly begin: () => void; readonly refuse: () => void }>;
}

export class UserTurns {
  readonly #users = new Map<string, Running>();

  /**
   * Acts when it is this delivery's turn.
   * @param most - deliveries to this user at once
   * @param act - calls `begun` when its process has started
   */
  run<T>(user: string, most: number, act: (begun: () => void) => Promise<T>): Promise<T | Busy> {
    const known = this.#users.get(user) ?? { count: 0, slow: 0, againMs: 0, waiting: new Set() };
    this.#users.set(user, known);
    if (known.count < most) return this.#begin(user, known, most, act);
    if (known.slow >= most) return Promise.resolve(busy(known));
    return new Promise((resolve, reject) => {
      known.waiting.add({
        begin: () => this.#begin(user, known, most, act).then(resolve, reject),
        refuse: () => resolve(busy(known)),
      });
    });
  }

  async #begin<T>(
    user: string,
    known: Running,
    most: number,
    act: (begun: () => void) => Promise<T>,
  ): Promise<T> {
    known.count++;
    let isSlow = false;
    const isLong = (): void => {
      isSlow = true;
      known.slow++;
      if (known.slow < most) return;
      for (const { refuse } of known.waiting) refuse();
      known.waiting.clear();
    };
    let timer = setTimeout(isLong, startMs);
    const begun = (): void => {
      if (isSlow) return;
      clearTimeout(timer);
      timer = setTimeout(isLong, slowAfterMs);
    };
    try {
      return await act(begun);
    } finally {
      clearTimeout(timer);
      known.count--;
      if (isSlow) known.slow--;
      for (const next of known.waiting) {
        if (known.count >= most) break;
        known.waiting.delete(next);
        next.begin();
      }
      if (known.count === 0) this.#users.delete(user);
    }
  }
}

function busy(known: Running): Busy {
  const nowMs = performance.now();
  known.againMs = Math.min(nowMs + latestMs, Math.max(nowMs + soonMs, known.againMs + betweenMs));
  return { kind: 'busy', retryInMs: Math.round(known.againMs - nowMs) };
}
