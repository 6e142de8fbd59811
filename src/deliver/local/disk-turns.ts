// Turns for deliveries to archives and mailboxes. An operation on a disk that does not answer (a dead NFS server) keeps one of the few threads
// that Node has for files. Promises: all of them together leave a thread for the spool, one place leaves some for others, a place that does not
// get on makes its mail wait instead of holding it in hand for ever, and while it hangs, no further delivery to it begins.

import type { Deadline, Deadlines } from '../../io/deadlines.ts';

/** What a delivery is given, to say that it gets on, and to hear that it is too late. */
export interface Turn {
  /** Begins the time limit anew. */
  readonly gotOn: () => void;
  /** Aborted when the time is over: nobody waits for this delivery any more, so it must not be finished. */
  readonly signal: AbortSignal;
}

export interface TimeLimit {
  readonly deadlines: Deadlines;
  /** A delivery that does not get on for so long hangs. */
  readonly limitMs: number;
}

interface Place {
  running: number;
  hanging: number;
}

interface Waiting {
  readonly path: string;
  readonly place: Place;
  readonly begin: () => void;
  readonly refuse: (error: Error) => void;
}

export class DiskTurns {
  readonly #places = new Map<string, Place>();
  readonly #waiting = new Set<Waiting>();
  readonly #most: number;
  readonly #mostOfOne: number;
  #running = 0;
  #hanging = 0;

  /** @param threads - that this process has for operations on files */
  constructor(threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)) {
    this.#most = Math.max(1, threads - 1);
    this.#mostOfOne = Math.max(1, Math.floor(threads / 2));
  }

  /**
   * Delivers when it is this delivery's turn.
   * @param path - of the archive or mailbox
   * @param deliver - takes one thread at a time
   * @throws {Error} with the code ETIMEDOUT when the place hangs; what `deliver` throws
   */
  run<T>(path: string, { deadlines, limitMs }: TimeLimit, deliver: (turn: Turn) => Promise<T>): Promise<T> {
    const place = this.#places.get(path) ?? { running: 0, hanging: 0 };
    this.#places.set(path, place);
    return new Promise((resolve, reject) => {
      const late = new AbortController();
      const deadline: Deadline = {
        atMs: Infinity,
        bucket: -1,
        expired: () => {
          late.abort();
          place.hanging++;
          this.#hanging++;
          reject(hangs(`${path} did not answer within ${limitMs / 1000} s`));
          this.#refuse();
        },
      };
      const begin = (): void => {
        place.running++;
        this.#running++;
        deadlines.set(deadline, limitMs);
        const gotOn = (): void => {
          if (!late.signal.aborted) deadlines.set(deadline, limitMs);
        };
        void deliver({ gotOn, signal: late.signal })
          .then(resolve, reject)
          .finally(() => {
            deadlines.clear(deadline);
            this.#ended(path, place, late.signal.aborted);
          });
      };
      this.#waiting.add({ path, place, begin, refuse: reject });
      this.#refuse();
      this.#beginNext();
    });
  }

  /** Who would wait for a delivery that hangs is refused. */
  #refuse(): void {
    if (this.#hanging === 0) return;
    for (const each of this.#waiting) {
      const isFull = this.#hanging >= this.#most;
      if (each.place.hanging === 0 && !isFull) continue;
      this.#waiting.delete(each);
      const which = each.place.hanging === 0 ? 'other archives, which have all the threads,' : each.path;
      each.refuse(hangs(`${which} did not answer, and an earlier delivery still waits there`));
    }
  }

  #beginNext(): void {
    for (const each of this.#waiting) {
      if (this.#running >= this.#most) return;
      if (each.place.running >= this.#mostOfOne) continue;
      this.#waiting.delete(each);
      each.begin();
    }
  }

  #ended(path: string, place: Place, hung: boolean): void {
    place.running--;
    this.#running--;
    if (hung) {
      place.hanging--;
      this.#hanging--;
    }
    this.#beginNext();
    // Nobody waits for a place that has no delivery under way, unless others have all the threads.
    const isWanted = place.running > 0 || [...this.#waiting].some((each) => each.place === place);
    if (!isWanted) this.#places.delete(path);
  }
}

function hangs(text: string): Error {
  return Object.assign(new Error(text), { code: 'ETIMEDOUT', syscall: 'write' });
}

/** Throws between two pieces when the turn is over; what was written is then undone by who writes. */
export async function* inTurn(
  pieces: AsyncIterable<Buffer>,
  { gotOn, signal }: Turn,
): AsyncGenerator<Buffer, void> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    gotOn();
    yield piece;
  }
  signal.throwIfAborted();
  gotOn();
}

/** Of this process, as its threads are. */
export const diskTurns = new DiskTurns();
