// The figures of a simulation: a row for each recipient domain, each site and each tenant.

/** Counts of one domain or site. Times are ms after the beginning; -1: never. */
export class Tally {
  readonly name: string;
  /** MX names of a site; of a domain, those that its mail went to last. */
  site = '';
  messages = 0;
  recipients = 0;
  delivered = 0;
  failed = 0;
  /** Attempts that were put off, by recipient. */
  deferrals = 0;
  firstAtMs = -1;
  firstDeliveredMs = -1;
  lastDeliveredMs = -1;
  /** The last of its recipients was delivered or failed. */
  endedMs = -1;
  /** Connections made, and those that failed. */
  connections = 0;
  failedConnections = 0;
  open = 0;
  mostOpen = 0;
  bans = 0;
  /** Connections that a ban turned away. */
  banned = 0;
  /** Ms that ready mail waited, by what it waited for. */
  readonly waitedMs = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  opened(): void {
    this.connections++;
    this.used(1);
  }

  /** One connection more or less. */
  used(change: number): void {
    this.open += change;
    if (this.open > this.mostOpen) this.mostOpen = this.open;
  }

  ended(delivered: boolean, afterMs: number): void {
    this.endedMs = Math.max(this.endedMs, afterMs);
    if (!delivered) {
      this.failed++;
      return;
    }
    this.delivered++;
    if (this.firstDeliveredMs < 0) this.firstDeliveredMs = afterMs;
    this.lastDeliveredMs = afterMs;
  }

  waited(what: string, ms: number): void {
    this.waitedMs.set(what, (this.waitedMs.get(what) ?? 0) + ms);
  }
}

/** Delays of one tenant's recipients, in ms; only of those that were delivered. */
export class Delays {
  readonly name: string;
  messages = 0;
  recipients = 0;
  failed = 0;
  #delays = new Float64Array(16);
  #count = 0;

  constructor(name: string) {
    this.name = name;
  }

  get delivered(): number {
    return this.#count;
  }

  add(delayMs: number): void {
    if (this.#count === this.#delays.length) {
      const longer = new Float64Array(this.#count * 2);
      longer.set(this.#delays);
      this.#delays = longer;
    }
    this.#delays[this.#count] = delayMs;
    this.#count++;
  }

  /** The `fraction` quantile of the delays, in ms; -1 without any. */
  quantile(fraction: number): number {
    if (this.#count === 0) return -1;
    const sorted = this.#delays.subarray(0, this.#count).sort();
    return sorted[Math.min(this.#count - 1, Math.floor(fraction * this.#count))] ?? -1;
  }
}
