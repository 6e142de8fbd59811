// Knows whether any name server answers at all. A question that nobody answers may be the fault of its name; so when every
// server has been silent or unreachable, each is asked for the name servers of the root, which a recursive server knows
// by heart. If nobody answers that either, there is an outage: a fault on our side. Then this one question is asked
// again and again, until an answer of any kind ends the outage.

import { probeRoot } from './root-probe.ts';
import type { Transport } from './transport.ts';
import type { NameServer, Outage } from './types.ts';

/** The root's name servers have to be answered within this time. */
const doubtMs = 1_000;
/** Ms between questions during an outage. */
const probeMs = 500;
/** Answers to so many rounds of them are still listened for. */
const roundsOpen = 6;

export interface OutageWatchOptions {
  readonly servers: readonly NameServer[];
  /** Ms on a clock that nobody sets. */
  readonly now: () => number;
  /** A server has answered the question about the root. */
  readonly answered: (server: NameServer) => void;
  /** A doubt is over, either way; `outage` tells which. Called also when an outage ends. */
  readonly decided: () => void;
}

interface Server {
  /** When it last sent a message, whatever was in it. */
  answeredMs: number;
  /** Why nothing came from it since; undefined: nothing is wrong. */
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

  /** Has nobody answered, and is it not known yet whether that is an outage? */
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

  /** Nothing came in time of what was sent to it then. A server that has answered something else since is well. */
  silent(server: NameServer, sentMs: number, reason: string): void {
    const known = this.#servers.get(server);
    if (known !== undefined && known.answeredMs < sentMs) this.#failed(known, reason);
  }

  /** The system says that it cannot be reached. */
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

  /** Nobody answers: asks until somebody does. */
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
