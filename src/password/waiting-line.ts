// Jobs that wait for a thread. Owners take turns, so that a client that tries a thousand passwords does not hold up the one of another client.

/** What waits. */
export interface Waiting {
  /** Whose turn it takes: the client's address, for example. */
  readonly owner: string;
  /** On the monotonic clock; after that it is too late. All wait equally long, so those that came first are late first. */
  readonly untilMs: number;
}

export class WaitingLine<Job extends Waiting> {
  /** The owner whose turn is next is first. */
  readonly #byOwner = new Map<string, Job[]>();
  /** In the order in which they came. */
  readonly #all = new Set<Job>();

  get length(): number {
    return this.#all.size;
  }

  /** How many of this owner wait. */
  lengthOf(owner: string): number {
    return this.#byOwner.get(owner)?.length ?? 0;
  }

  /** The one that came first. */
  get oldest(): Job | undefined {
    for (const job of this.#all) return job;
    return undefined;
  }

  add(job: Job): void {
    this.#all.add(job);
    const own = this.#byOwner.get(job.owner);
    if (own === undefined) this.#byOwner.set(job.owner, [job]);
    else own.push(job);
  }

  /** Takes the one whose turn it is. */
  take(): Job | undefined {
    for (const [owner, own] of this.#byOwner) {
      const job = own.shift();
      this.#byOwner.delete(owner);
      if (own.length > 0) this.#byOwner.set(owner, own);
      if (job !== undefined) this.#all.delete(job);
      return job;
    }
    return undefined;
  }

  /** Takes those that are too late. */
  takeLate(nowMs: number): readonly Job[] {
    const late: Job[] = [];
    for (const job of this.#all) {
      if (job.untilMs > nowMs) break;
      late.push(job);
    }
    for (const job of late) {
      this.#all.delete(job);
      // Of one owner, too, they are late in the order in which they came.
      const own = this.#byOwner.get(job.owner);
      own?.shift();
      if (own?.length === 0) this.#byOwner.delete(job.owner);
    }
    return late;
  }

  takeAll(): readonly Job[] {
    const all = [...this.#all];
    this.#all.clear();
    this.#byOwner.clear();
    return all;
  }
}
