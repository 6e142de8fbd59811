// What is known outside of an outage of all name servers: which names could not be looked up, and since when. After it each of
// them is asked for again soon, and mail that was never tried and waits for one of them does not expire by it.

import { check } from '../world/ledger.ts';

/** After the outage, until the last of the names was asked for again. */
export const againMs = 3_000;
/** Time for an attempt, after a lifetime that ended in an outage: some minutes, says docs/clock-and-dns.md. */
const graceMs = 120_000;

/** A time in which a name could not be looked up. */
interface Unknown {
  readonly sinceMs: number;
  untilMs: number;
}

/** The resolver of a process, or of a configuration of it. */
export interface Asker {
  readonly isAsking: boolean;
}

export class OutageBooks {
  readonly #nowMs: () => number;
  /** Names that nobody has been asked for since a resolver could not answer. */
  readonly #stranded = new Map<Asker, Set<string>>();
  readonly #unknown = new Map<string, Unknown[]>();
  #haveRoutesChanged = false;
  /** Look-ups that failed by an answer: each may be an attempt of all mail that waited for it. */
  failures = 0;
  /** Outages that were noticed, names that waited for the end of one, and lifetimes of mail that ended in one. */
  readonly seen = { outages: 0, stranded: 0, outlived: 0 };

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A resolver has found out that no server answers. */
  noticed(): void {
    this.seen.outages++;
  }

  asked(resolver: Asker, name: string): void {
    this.#stranded.get(resolver)?.delete(name);
  }

  /** No server has answered. */
  unanswered(resolver: Asker, name: string): void {
    this.seen.stranded++;
    let names = this.#stranded.get(resolver);
    if (names === undefined) {
      names = new Set();
      this.#stranded.set(resolver, names);
    }
    names.add(name);
    const unknown = this.#unknown.get(name) ?? [];
    this.#unknown.set(name, unknown);
    if (unknown.at(-1)?.untilMs !== Infinity) unknown.push({ sinceMs: this.#nowMs(), untilMs: Infinity });
  }

  /** A server has answered, be it with an error. */
  answered(name: string, isFailure: boolean): void {
    if (isFailure) this.failures++;
    const last = this.#unknown.get(name)?.at(-1);
    if (last?.untilMs === Infinity) last.untilMs = this.#nowMs();
  }

  /** Mail may go elsewhere from now on: nobody outside knows which names it waits for. */
  routesChanged(): void {
    this.#haveRoutesChanged = true;
  }

  /** Servers answer again for so long that every name has been asked for. */
  checkAskedAgain(): void {
    for (const [resolver, names] of this.#stranded) {
      const [name] = resolver.isAsking ? names : [];
      check(
        name === undefined,
        () => `no name server answered for ${name}, and nobody has asked for it since they do again`,
      );
    }
  }

  /** When mail for this domain may expire that was never tried, and whose lifetime was to end then. */
  mayExpireAtMs(domain: string, dueMs: number): number {
    return this.#wasUnknown(domain, dueMs) ? dueMs + graceMs : dueMs;
  }

  /** Mail for this domain is delivered that was not tried before its lifetime was to end. */
  outlives(domain: string, dueMs: number): void {
    if (this.#wasUnknown(domain, dueMs)) this.seen.outlived++;
  }

  #wasUnknown(domain: string, atMs: number): boolean {
    if (this.#haveRoutesChanged) return false;
    const times = this.#unknown.get(domain) ?? [];
    return times.some(({ sinceMs, untilMs }) => sinceMs < atMs && atMs < untilMs);
  }
}
