// One timer for all sessions of a process: a wheel of one-second buckets instead of a timer each.
// Moving a deadline later is a single assignment; expiry is exact to the wheel's step, never early.

/** Something that expires at a time unless the time is moved. Its owner keeps it and calls `Deadlines.set`. */
export interface Deadline {
  /** Ms on the wheel's monotonic clock; Infinity without a deadline. Written by `Deadlines` only. */
  atMs: number;
  /** Index of the bucket that holds the entry; -1: none. Written by `Deadlines` only. */
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

  /** Sets the deadline of an entry to `afterMs` from now, in place of an earlier one. */
  set(entry: Deadline, afterMs: number): void {
    const atMs = this.#now() + afterMs;
    const sooner = atMs < entry.atMs;
    entry.atMs = atMs;
    // A later time needs no move: `advance` finds the entry in its old bucket and files it again.
    if (entry.bucket < 0 || sooner) this.#file(entry);
  }

  clear(entry: Deadline): void {
    entry.atMs = Infinity;
    this.#buckets[entry.bucket]?.delete(entry);
    entry.bucket = -1;
  }

  /** Expires the entries that are due. The timer calls it, and tests with a clock of their own do. */
  advance(): void {
    const now = this.#now();
    const last = Math.floor(now / this.#stepMs);
    if (last - this.#tick > this.#buckets.length) this.#tick = last - this.#buckets.length;
    // Bucket n holds the entries due in the step that ends at n, and those filed there before their time was moved later.
    for (; this.#tick <= last; this.#tick++) {
      const bucket = this.#buckets[this.#tick % this.#buckets.length];
      if (bucket === undefined || bucket.size === 0) continue;
      const entries = [...bucket];
      bucket.clear();
      for (const entry of entries) {
        if (entry.bucket !== this.#tick % this.#buckets.length) continue; // cleared or moved by an entry before it
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
    // An entry beyond the wheel goes to the farthest bucket, from which it is filed again.
    const tick = Math.min(Math.max(due, first), first + this.#buckets.length - 2);
    entry.bucket = tick % this.#buckets.length;
    this.#buckets[entry.bucket]?.add(entry);
  }
}
