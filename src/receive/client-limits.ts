// Limits the connections of each client: at the same time, and new ones per time. The rate is exact (GCRA: ITU-T I.371 annex A,
// virtual scheduling). Idle clients are forgotten.

/** The limit for which a client is refused. */
export type Refusal = 'connections' | 'rate';

interface Client {
  connections: number;
  /** The theoretical arrival time of GCRA, in ms on the clock of `admit`. */
  arrivalMs: number;
}

/** The number of clients at which idle ones are first looked for. */
const firstSweepAt = 10_000;

export class ClientLimits {
  readonly #maxConnections: number;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #clients = new Map<string, Client>();
  #sweepAt = firstSweepAt;

  /** @param rate - at most `count` new connections in any `perMs`; a count of 0 sets no limit */
  constructor(maxConnections: number, rate: { readonly count: number; readonly perMs: number }) {
    this.#maxConnections = maxConnections;
    this.#intervalMs = rate.count === 0 ? 0 : rate.perMs / rate.count;
    this.#toleranceMs = rate.perMs - this.#intervalMs;
  }

  /**
   * Counts a new connection, or returns the limit that refuses it. A refused connection must not be released.
   * @param nowMs - of a monotonic clock
   */
  admit(address: string, nowMs: number): Refusal | undefined {
    let client = this.#clients.get(address);
    if (client === undefined) {
      this.#sweep(nowMs);
      client = { connections: 0, arrivalMs: 0 };
      this.#clients.set(address, client);
    }
    if (this.#maxConnections > 0 && client.connections >= this.#maxConnections) return 'connections';
    if (this.#intervalMs > 0) {
      if (client.arrivalMs > nowMs + this.#toleranceMs) return 'rate';
      client.arrivalMs = Math.max(client.arrivalMs, nowMs) + this.#intervalMs;
    }
    client.connections++;
    return undefined;
  }

  release(address: string): void {
    const client = this.#clients.get(address);
    if (client === undefined) return;
    client.connections--;
    if (client.connections === 0 && this.#intervalMs === 0) this.#clients.delete(address);
  }

  /** The connections of a client that are counted now. */
  connectionsOf(address: string): number {
    return this.#clients.get(address)?.connections ?? 0;
  }

  get clients(): number {
    return this.#clients.size;
  }

  #sweep(nowMs: number): void {
    if (this.#clients.size < this.#sweepAt) return;
    for (const [address, client] of this.#clients) {
      if (client.connections === 0 && client.arrivalMs <= nowMs) this.#clients.delete(address);
    }
    this.#sweepAt = Math.max(firstSweepAt, this.#clients.size * 2);
  }
}
