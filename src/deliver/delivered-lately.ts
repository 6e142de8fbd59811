// Recent deliveries of a sender process. When the manager dies, its last results may not be in the journal. The sender tells
// its successor of these deliveries, so that none is repeated. Telling of a delivery that is in the journal does no harm.

/** Recipients of a message that were delivered in one transaction. */
export interface Delivered {
  readonly queueId: string;
  /** Indexes in the envelope. */
  readonly recipients: readonly number[];
  /** Those of `recipients` for whom Sluice has to report `relayed`; see `AttemptResult`. */
  readonly relayedWithoutDsn: readonly number[];
}

const none: readonly number[] = [];

export class DeliveredLately {
  readonly #most: number;
  readonly #entries: Delivered[] = [];
  #oldest = 0;

  /**
   * @param most - number of transactions that are remembered. The manager journals a result within 10 ms, so that some
   *   thousands reach back far enough; and each connection may have finished one more since the manager died.
   */
  constructor(most = 10_000) {
    this.#most = most;
  }

  add(queueId: string, recipients: readonly number[], relayedWithoutDsn = none): void {
    const entry: Delivered = { queueId, recipients, relayedWithoutDsn };
    if (this.#entries.length < this.#most) {
      this.#entries.push(entry);
      return;
    }
    this.#entries[this.#oldest] = entry;
    this.#oldest = (this.#oldest + 1) % this.#most;
  }

  /** In no particular order. */
  get list(): readonly Delivered[] {
    return this.#entries;
  }
}
