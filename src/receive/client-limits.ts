// What one client may take of a receiver: simultaneous connections and new connections in a time.
// Rates are exact (GCRA: ITU-T I.371 annex A, the virtual scheduling form); idle clients are forgotten.

/** Why a client is refused for now. */
export type Refusal = 'connections' | 'rate';

interface Client {
  connections: number;
  /** GCRA's theoretical arrival time, ms on the clock of `admit`. */
  arrivalMs: number;
}

/** How many clients are remembered before idle ones are looked for. */
const sweepAt = 10_000;

export class ClientLimits {
  readonly #maxConnections: number;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #clients = new Map<string, Client>();
  #sweepAt = sweepAt;

  /** @param rate - at most `count` new connections in any `perMs`; a count of 0 sets no limit */
  constructor(maxConnections: number, rate: { readonly count: number; readonly perMs: number }) {
    this.#maxConnections = maxConnections;
    this.#intervalMs = rate.count === 0 ? 0 : rate.perMs / rate.count;
    this.#toleranceMs = rate.perMs - this.#intervalMs;
  }

  /**
   * Counts a new connection, or says why it is refused; a refused one must not be released.
   * @param nowMs - ms on a clock that nobody sets
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

  get clients(): number {
    return this.#clients.size;
  }

  #sweep(nowMs: number): void {
    if (this.#clients.size < this.#sweepAt) return;
    for (const [address, client] of this.#clients) {
      if (client.connections === 0 && client.arrivalMs <= nowMs) this.#clients.delete(address);
    }
    this.#sweepAt = Math.max(sweepAt, this.#clients.size * 2);
  }
}
