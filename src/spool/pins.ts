// Messages of a store that somebody reads: transactions in flight, and reports that are being written. Calls are counted.

export class Pins {
  readonly #counts = new Map<string, number>();
  #whenNone: (() => void)[] = [];

  add(queueId: string): void {
    this.#counts.set(queueId, (this.#counts.get(queueId) ?? 0) + 1);
  }

  /** @returns whether it was among them */
  delete(queueId: string): boolean {
    const count = this.#counts.get(queueId);
    if (count === undefined) return false;
    if (count > 1) this.#counts.set(queueId, count - 1);
    else this.#counts.delete(queueId);
    if (this.#counts.size === 0) for (const act of this.#whenNone.splice(0)) act();
    return true;
  }

  /** Resolves when there is none. */
  none(): Promise<void> {
    if (this.#counts.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenNone.push(resolve);
    return promise;
  }
}
