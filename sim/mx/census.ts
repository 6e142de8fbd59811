// Counts what many simulated mail exchangers see together: connections and transactions under any number of names, with the
// highest count at one time and the time of each arrival. Knows nothing of the sender's own counters.

/** One connection as its destination sees it. */
export interface Sighting {
  /** The destination's own address. */
  readonly ip: string;
  /** The client's address. */
  readonly client: string;
}

/** The names under which a connection or transaction is counted, for example `ip 127.1.0.1` and `network 127.1.0`. */
export interface CensusNames {
  connection(sighting: Sighting): readonly string[];
  /** Names of a transaction, which counts while it lasts. @param recipients - the accepted ones */
  transaction(sighting: Sighting, sender: string, recipients: readonly string[]): readonly string[];
}

export class Census {
  readonly #names: CensusNames;
  readonly #clock: () => number;
  readonly #open = new Map<string, number>();
  readonly #most = new Map<string, number>();
  readonly #arrivals = new Map<string, number[]>();
  readonly #waiting: { readonly connections: number; readonly resolve: () => void }[] = [];
  connections = 0;
  maxConnections = 0;

  /** @param clock - monotonic, ms */
  constructor(names: CensusNames, clock: () => number = () => performance.now()) {
    this.#names = names;
    this.#clock = clock;
  }

  /** Counts a new connection. Returns the function to call when it has ended. */
  connected(sighting: Sighting): () => void {
    const over = this.#count(this.#names.connection(sighting));
    this.connections++;
    this.maxConnections = Math.max(this.maxConnections, this.connections);
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      if (this.#waiting[i]!.connections > this.connections) continue;
      this.#waiting[i]!.resolve();
      this.#waiting.splice(i, 1);
    }
    return () => {
      over();
      this.connections--;
    };
  }

  /** Counts a transaction that has reached its content. Returns the function to call just before its last reply. */
  began(sighting: Sighting, sender: string, recipients: readonly string[]): () => void {
    return this.#count(this.#names.transaction(sighting, sender, recipients));
  }

  /** How many are open under this name now. */
  now(name: string): number {
    return this.#open.get(name) ?? 0;
  }

  /** The highest number that was open at once under this name. */
  most(name: string): number {
    return this.#most.get(name) ?? 0;
  }

  /** All names that begin with `prefix`, with the highest number open at once under each. */
  *mostByName(prefix: string): Generator<readonly [name: string, most: number]> {
    for (const entry of this.#most) if (entry[0].startsWith(prefix)) yield entry;
  }

  /** The highest number of arrivals within any window of this length. */
  mostWithin(name: string, ms: number): number {
    const times = this.#arrivals.get(name) ?? [];
    let most = 0;
    for (let first = 0, last = 0; last < times.length; last++) {
      while (times[last]! - times[first]! >= ms) first++;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }

  /** How many have arrived under this name so far. */
  arrivals(name: string): number {
    return this.#arrivals.get(name)?.length ?? 0;
  }

  /** Resolves once this many connections are open at the same time. */
  reached(connections: number): Promise<void> {
    if (this.connections >= connections) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ connections, resolve }));
  }

  #count(names: readonly string[]): () => void {
    const now = this.#clock();
    for (const name of names) {
      const open = (this.#open.get(name) ?? 0) + 1;
      this.#open.set(name, open);
      this.#most.set(name, Math.max(open, this.#most.get(name) ?? 0));
      const arrivals = this.#arrivals.get(name);
      if (arrivals) arrivals.push(now);
      else this.#arrivals.set(name, [now]);
    }
    return () => {
      for (const name of names) this.#open.set(name, (this.#open.get(name) ?? 1) - 1);
    };
  }
}
