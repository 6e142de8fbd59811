// One timer for all sessions of a process: a wheel of one-second buckets instead of a timer each.
// Moving a deadline later is a single assignment; expiry is exact to the wheel's step, never early.

/** Something that ends at a time unless the time is moved. Owners keep one and call `Deadlines.set`. */
export interface Deadline {
  /** Ms on the wheel's clock, which nobody sets; Infinity while nothing is due. Written by `Deadlines` only. */
  atMs: number;
  /** The bucket that the entry sits in; -1: in none. Written by `Deadlines` only. */
  bucket: number;
  expired(): void;
}

/** The wheel. `start` keeps a single interval that does not hold the process open. */
export class Deadlines {
  readonly #stepMs: number;
  readonly #buckets: Set<Deadline>[];
  readonly #now: () => number;
  #tick: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    options: { readonly stepMs?: number; readonly buckets?: number; readonly now?: () => number } = {},
  ) {
    this.#stepMs = options.stepMs ?? 1000;
    this.#now = options.now ?? (() => performance.now());
    this.#buckets = Array.from({ length: options.buckets ?? 1024 }, () => new Set<Deadline>());
    this.#tick = Math.floor(this.#now() / this.#stepMs) + 1;
  }

  /** Ms on the wheel's clock, for durations. */
  get nowMs(): number {
    return this.#now();
  }

  start(): void {
    this.#timer ??= setInterval(() => this.advance(), this.#stepMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** The entry expires `afterMs` from now instead of when it would have. */
  set(entry: Deadline, afterMs: number): void {
    const atMs = this.#now() + afterMs;
    const sooner = atMs < entry.atMs;
    entry.atMs = atMs;
    // A later time needs no move: the old bucket finds the entry early and files it again.
    if (entry.bucket < 0 || sooner) this.#file(entry);
  }

  clear(entry: Deadline): void {
    entry.atMs = Infinity;
    this.#buckets[entry.bucket]?.delete(entry);
    entry.bucket = -1;
  }

  /** Expires what is due; called by the timer, and by tests with a clock of their own. */
  advance(): void {
    const now = this.#now();
    const last = Math.floor(now / this.#stepMs);
    if (last - this.#tick > this.#buckets.length) this.#tick = last - this.#buckets.length;
    // Bucket n holds what is due in the step that ends at n, and what was filed there before it was moved later.
    for (; this.#tick <= last; this.#tick++) {
      const bucket = this.#buckets[this.#tick % this.#buckets.length];
      if (bucket === undefined || bucket.size === 0) continue;
      const entries = [...bucket];
      bucket.clear();
      for (const entry of entries) {
        if (entry.bucket !== this.#tick % this.#buckets.length) continue; // cleared or moved by one before it
        entry.bucket = -1;
        if (entry.atMs > now) {
          if (entry.atMs !== Infinity) this.#file(entry, this.#tick + 1);
        } else {
          entry.atMs = Infinity;
          entry.expired();
        }
      }
    }
  }

  #file(entry: Deadline, first = this.#tick): void {
    this.#buckets[entry.bucket]?.delete(entry);
    const due = Math.ceil(entry.atMs / this.#stepMs);
    // Beyond the wheel: the farthest bucket, from which it is filed again.
    const tick = Math.min(Math.max(due, first), first + this.#buckets.length - 2);
    entry.bucket = tick % this.#buckets.length;
    this.#buckets[entry.bucket]?.add(entry);
  }
}
