// Something that happened at a destination, and who knows of it. As long as somebody does, Sluice must act by it; when nobody
// knows any more, it need not, and the books say what made everybody forget.

/** Whatever can know: a transaction, a process, a batch on a link, the page cache, the disk. */
export type Knower = object;

export class Fact {
  readonly atMs: number;
  /** The store whose journal tells of it; undefined: that of any store. */
  store: number | undefined;
  readonly #knowers = new Set<Knower>();
  #forgotten: string | undefined;
  /** When a manager's process first wrote it to the journal; for the journal to be judged by. */
  writtenAtMs = Infinity;

  /** @param first - knows before anybody else */
  constructor(atMs: number, first: Knower) {
    this.atMs = atMs;
    this.#knowers.add(first);
  }

  /** Why nobody knew of it at some time; undefined: somebody always did. */
  get forgotten(): string | undefined {
    return this.#forgotten;
  }

  isKnownBy(knower: Knower): boolean {
    return this.#knowers.has(knower);
  }

  learn(knower: Knower): void {
    this.#knowers.add(knower);
  }

  /** True: nobody knows of it any more. */
  forget(knower: Knower, why: string): boolean {
    if (!this.#knowers.delete(knower) || this.#knowers.size > 0) return false;
    this.#forgotten ??= why;
    return true;
  }
}
