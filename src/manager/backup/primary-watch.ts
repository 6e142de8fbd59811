// The primary servers of a backup MX that are down while mail waits for them: each is looked after by a probe, and as soon as one is there again its
// mail goes. Promises: nothing is done while none is down; one for which no mail waits is forgotten within a minute; the number of those that are
// remembered, and of probes at one time, is bounded.

import type { Timer, Timers } from '../../io/timers.ts';

/** Sites that are remembered as down; any further one is found by the retries of its mail alone. */
const mostDown = 10_000;
/** How often those are forgotten for which no mail waits: it was removed, its lifetime is over, or its route is another. */
const sweepMs = 60_000;
/** Probes that are under way at one time. */
const mostProbes = 8;

/** A site that could not be reached. */
export interface DownSite {
  readonly site: string;
  /** Of the mail that met it. */
  readonly domain: string;
  /** Its `RouteKey.key`. */
  readonly key: string;
  readonly sinceMs: number;
  /** It answers, with a name of this server (RFC 3463 X.4.6): mail would loop. */
  readonly isOurs: boolean;
}

/** Where mail could not go. */
export type SiteOfMail = Pick<DownSite, 'site' | 'domain' | 'key'>;

export interface PrimaryWatchParts {
  readonly timers: Timers;
  /** Ms between two probes of a site for this domain; 0: none. */
  readonly probeMsOf: (domain: string) => number;
  /** Looks which sites are still of concern: of a domain whose backup MX this server is, and with mail that waits. */
  readonly concerns: () => (down: DownSite) => boolean;
  /** Sites were forgotten, or some time has passed while others are down. */
  readonly changed: () => void;
  /** Does a server of the site answer? It never rejects. */
  readonly probe: (down: DownSite) => Promise<boolean>;
  /** A site is there again: its mail is to go. */
  readonly isBack: (down: DownSite) => void;
}

interface Watched extends DownSite {
  isOurs: boolean;
  timer: Timer | undefined;
}

export class PrimaryWatch {
  readonly #parts: PrimaryWatchParts;
  readonly #down = new Map<string, Watched>();
  /** Connections with mail of a backup MX. */
  readonly #connections = new Map<number, SiteOfMail>();
  readonly #waiting = new Set<Watched>();
  #sweep: Timer | undefined;
  #probes = 0;
  #isStopped = false;

  constructor(parts: PrimaryWatchParts) {
    this.#parts = parts;
  }

  /** Those that are down. */
  get down(): readonly DownSite[] {
    return [...this.#down.values()];
  }

  /** A connection is being opened, for mail of this domain. */
  opened(connection: number, facts: SiteOfMail): void {
    this.#connections.set(connection, facts);
  }

  /** Greeting and EHLO are through. */
  ready(connection: number): void {
    const facts = this.#connections.get(connection);
    if (facts !== undefined) this.#back(facts.site);
  }

  /**
   * @param hasFailed - it never became ready, and that was no fault of this host
   * @param isOurs - because the server has a name of this one
   */
  closed(connection: number, hasFailed: boolean, isOurs = false): void {
    const facts = this.#connections.get(connection);
    this.#connections.delete(connection);
    if (facts !== undefined && hasFailed) this.failed(facts, isOurs);
  }

  /** A server of the site could not be reached: it is looked after. */
  failed({ site, domain, key }: SiteOfMail, isOurs = false): void {
    const known = this.#down.get(site);
    if (known !== undefined) known.isOurs = isOurs;
    if (this.#isStopped || known !== undefined || this.#down.size >= mostDown) return;
    const sinceMs = this.#parts.timers.nowMs();
    const watched: Watched = { site, domain, key, sinceMs, isOurs, timer: undefined };
    this.#down.set(site, watched);
    this.#await(watched);
    if (this.#sweep === undefined) this.#sweepLater();
  }

  /** Domains have gone, or have other times. */
  configured(): void {
    this.#forgetSome();
    for (const watched of this.#down.values()) {
      this.#parts.timers.clear(watched.timer);
      this.#waiting.delete(watched);
      this.#await(watched);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts.timers.clear(this.#sweep);
    for (const { timer } of this.#down.values()) this.#parts.timers.clear(timer);
    this.#down.clear();
    this.#waiting.clear();
  }

  #sweepLater(): void {
    this.#sweep = this.#parts.timers
      .setTimeout(() => {
        this.#sweep = undefined;
        this.#forgetSome();
        this.#parts.changed();
        if (this.#down.size > 0) this.#sweepLater();
      }, sweepMs)
      .unref();
  }

  #forgetSome(): void {
    if (this.#down.size === 0) return;
    const isOfConcern = this.#parts.concerns();
    for (const watched of this.#down.values()) if (!isOfConcern(watched)) this.#forget(watched);
  }

  #forget(watched: Watched): void {
    this.#parts.timers.clear(watched.timer);
    this.#waiting.delete(watched);
    this.#down.delete(watched.site);
  }

  #await(watched: Watched): void {
    const everyMs = this.#parts.probeMsOf(watched.domain);
    if (everyMs === 0) return;
    watched.timer = this.#parts.timers
      .setTimeout(() => {
        this.#waiting.add(watched);
        this.#next();
      }, everyMs)
      .unref();
  }

  #next(): void {
    for (const watched of this.#waiting) {
      if (this.#probes >= mostProbes) return;
      this.#waiting.delete(watched);
      this.#probes++;
      void this.#parts.probe(watched).then((answers) => {
        this.#probes--;
        this.#probed(watched, answers);
        this.#next();
      });
    }
  }

  #probed(watched: Watched, answers: boolean): void {
    // Mail may have found it meanwhile.
    if (this.#down.get(watched.site) !== watched) return;
    if (answers) this.#back(watched.site);
    else this.#await(watched);
  }

  #back(site: string): void {
    const watched = this.#down.get(site);
    if (watched === undefined) return;
    this.#forget(watched);
    this.#parts.isBack(watched);
  }
}
