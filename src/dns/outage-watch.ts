// Finds out whether any name server answers at all. A question without an answer may be the fault of its name. So when every
// server has been silent or unreachable, each is asked for the name servers of the root, which every recursive server has at
// hand. If none answers that either, there is an outage: a fault on our side. Then this question is asked again and again,
// until an answer of any kind ends the outage.

import { probeRoot } from './root-probe.ts';
import type { Transport } from './transport.ts';
import type { NameServer, Outage } from './types.ts';

/** The root's name servers have to be answered within this time. */
const doubtMs = 1_000;
/** Ms between questions during an outage: mail goes on this much later at most. Each is one small datagram to each server. */
const probeMs = 250;
/** Answers to this many of the last rounds of questions are still listened for. */
const roundsOpen = 12;

export interface OutageWatchOptions {
  readonly servers: readonly NameServer[];
  /** Ms on a monotonic clock. */
  readonly now: () => number;
  /** A server has answered the question about the root. */
  readonly answered: (server: NameServer) => void;
  /** Called when it is decided whether there is an outage (see `outage`), and when an outage ends. */
  readonly decided: () => void;
}

interface Server {
  /** When it last sent a message of any content. */
  answeredMs: number;
  /** Why it did not answer last; undefined: it answered, or was not asked yet. */
  failure: string | undefined;
}

export class OutageWatch {
  readonly #options: OutageWatchOptions;
  readonly #servers = new Map<NameServer, Server>();
  #outage: Outage | undefined;
  #doubtEnds: NodeJS.Timeout | undefined;
  #probing: NodeJS.Timeout | undefined;
  /** Rounds of questions under way, the oldest first. */
  #rounds: Transport[][] = [];
  #closed = false;

  constructor(options: OutageWatchOptions) {
    this.#options = options;
    for (const server of options.servers) {
      this.#servers.set(server, { answeredMs: -Infinity, failure: undefined });
    }
  }

  /** Set while no server answers. */
  get outage(): Outage | undefined {
    return this.#outage;
  }

  /** Whether no server has answered, and it is not known yet whether that is an outage. */
  get isInDoubt(): boolean {
    return this.#doubtEnds !== undefined;
  }

  /** A message came from this server. */
  answered(server: NameServer): void {
    const known = this.#servers.get(server);
    if (known === undefined) return;
    known.answeredMs = this.#options.now();
    known.failure = undefined;
    if (this.isInDoubt || this.#outage !== undefined) this.#decide(undefined);
  }

  /** A message that was sent at `sentMs` has had no answer. A server that has answered anything since works. */
  silent(server: NameServer, sentMs: number, reason: string): void {
    const known = this.#servers.get(server);
    if (known !== undefined && known.answeredMs < sentMs) this.#failed(known, reason);
  }

  /** The operating system says that this server cannot be reached. */
  unreachable(server: NameServer, reason: string): void {
    const known = this.#servers.get(server);
    if (known !== undefined) this.#failed(known, reason);
  }

  close(): void {
    this.#closed = true;
    this.#endProbing();
  }

  #failed(server: Server, reason: string): void {
    server.failure = reason;
    if (this.#closed || this.isInDoubt || this.#outage !== undefined) return;
    if (![...this.#servers.values()].every(({ failure }) => failure !== undefined)) return;
    this.#doubtEnds = setTimeout(() => this.#confirm(), doubtMs).unref();
    this.#probe();
  }

  /** Begins an outage, and probes until a server answers. */
  #confirm(): void {
    const failures = [...this.#servers].map(([{ address }, { failure }]) => `${address}: ${failure ?? ''}`);
    this.#decide({ sinceMs: this.#options.now(), reason: failures.join('; ') });
    this.#probing = setInterval(() => this.#probe(), probeMs).unref();
  }

  #decide(outage: Outage | undefined): void {
    this.#endProbing();
    this.#outage = outage;
    this.#options.decided();
  }

  #endProbing(): void {
    clearTimeout(this.#doubtEnds);
    this.#doubtEnds = undefined;
    clearInterval(this.#probing);
    for (const transport of this.#rounds.flat()) transport.close();
    this.#rounds = [];
  }

  /** Asks every server for the name servers of the root. */
  #probe(): void {
    let refused = 0;
    const round = probeRoot(this.#servers.keys(), {
      answered: (server) => {
        this.#options.answered(server);
        this.answered(server);
      },
      unreachable: () => {
        refused++;
        if (this.isInDoubt && refused === this.#servers.size) this.#confirm();
      },
    });
    this.#rounds.push(round);
    if (this.#rounds.length > roundsOpen)
      for (const transport of this.#rounds.shift() ?? []) transport.close();
  }
}
