// Watches a simulation and keeps what its report needs, for each domain, site and tenant.

import type { Effect, RecipientResult } from '../schedule/types.ts';
import { Delays, Tally } from './tally.ts';
import type { Objection, Visit } from './trait.ts';
import { Witness } from './witness.ts';
import type { Workload } from './workload.ts';

/** Ms between two looks at what mail waits for; longer when there are many rows, so that this stays cheap. */
const sampleMs = 1_000;
const callsPerRow = 4;
/** After a time in which nothing happened, as at night, there is a look in any case. */
const longPauseMs = 600_000;

/** Calls `tell` for every domain with ready mail that waits, with what it waits for. Returns how many there were. */
export type WaitSampler = (tell: (domain: string, what: string) => void) => number;

export interface ReporterOptions {
  readonly workload: Workload;
  /** Name of the tenant of each message. */
  readonly tenantOf: (message: number) => string;
  readonly startMs: number;
  readonly waits: WaitSampler;
}

export class Reporter extends Witness {
  readonly domains: readonly Tally[];
  readonly sites = new Map<string, Tally>();
  readonly tenants = new Map<string, Delays>();
  /** Recipients that came in and are not done. */
  left = 0;
  ended = 0;
  open = 0;
  mostOpen = 0;
  connections = 0;
  readonly #workload: Workload;
  readonly #tenantOf: ReporterOptions['tenantOf'];
  readonly #startMs: number;
  readonly #waits: WaitSampler;
  readonly #byDomain: ReadonlyMap<string, Tally>;
  /** The domains that a connection is used for, with how many of its transactions on the way are for each. */
  readonly #usedFor = new Map<Visit, Map<number, number>>();
  #sampledMs: number;
  #calls = 0;
  #lastRows = 0;

  constructor({ workload, tenantOf, startMs, waits }: ReporterOptions) {
    super();
    this.#workload = workload;
    this.#tenantOf = tenantOf;
    this.#startMs = startMs;
    this.#sampledMs = startMs;
    this.#waits = waits;
    this.domains = workload.domains.list.map((name) => new Tally(name));
    this.#byDomain = new Map(this.domains.map((tally) => [tally.name, tally]));
  }

  /** A message of the workload comes in. */
  submitted(message: number): void {
    const workload = this.#workload;
    const recipients = workload.recipientsOf(message);
    this.left += recipients;
    const delays = this.#delaysOf(message);
    delays.messages++;
    delays.recipients += recipients;
    for (let recipient = 0; recipient < recipients; recipient++) {
      const tally = this.#domainOf(message, recipient);
      tally.recipients++;
      if (tally.firstAtMs < 0) tally.firstAtMs = workload.atMs(message);
      // Recipients of one domain are mostly beside each other; a message that is counted twice is rare.
      if (recipient === 0 || this.#domainOf(message, recipient - 1) !== tally) tally.messages++;
    }
  }

  override opened(visit: Visit): void {
    this.connections++;
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    this.#siteOf(visit).opened();
    this.#usedFor.set(visit, new Map());
  }

  override granted(visit: Visit, message: number, recipients: readonly number[], isFirst: boolean): void {
    const used = this.#usedFor.get(visit) ?? new Map<number, number>();
    const now = this.#domainsOf(message, recipients);
    for (const [domain, onTheWay] of used) {
      if (onTheWay > 0 || now.has(domain)) continue;
      used.delete(domain);
      this.#tally(domain).used(-1);
    }
    for (const domain of now) {
      const onTheWay = used.get(domain);
      used.set(domain, (onTheWay ?? 0) + 1);
      if (onTheWay !== undefined) continue;
      const tally = this.#tally(domain);
      tally.site = visit.site;
      if (isFirst) tally.opened();
      else tally.used(1);
    }
  }

  override unsent(visit: Visit, message: number, recipients: readonly number[]): void {
    this.#over(visit, message, recipients);
  }

  override answered(visit: Visit, message: number, results: readonly RecipientResult[]): void {
    this.#over(
      visit,
      message,
      results.map(({ recipient }) => recipient),
    );
  }

  override refused(visit: Visit, objection: Objection | undefined): void {
    this.#told(visit, (tally) => {
      tally.failedConnections++;
      if (objection?.ban === 'begins') tally.bans++;
      if (objection?.ban !== undefined) tally.banned++;
    });
  }

  override closed(visit: Visit): void {
    this.open--;
    this.#told(visit, (tally) => tally.used(-1));
    this.#usedFor.delete(visit);
  }

  override deferred(message: number, effect: Extract<Effect, { readonly kind: 'deferred' }>): void {
    this.#domainOf(message, effect.recipient).deferrals++;
  }

  override delivered(message: number, recipient: number, nowMs: number): void {
    this.left--;
    this.ended++;
    const afterMs = nowMs - this.#startMs;
    this.#domainOf(message, recipient).ended(true, afterMs);
    this.#delaysOf(message).add(afterMs - this.#workload.atMs(message));
  }

  override failed(
    message: number,
    effect: Extract<Effect, { readonly kind: 'failed' }>,
    nowMs: number,
  ): void {
    this.left--;
    this.ended++;
    this.#domainOf(message, effect.recipient).ended(false, nowMs - this.#startMs);
    this.#delaysOf(message).failed++;
  }

  override passed(nowMs: number): void {
    this.#sample(nowMs);
  }

  override settled(nowMs: number): void {
    this.#sample(nowMs);
  }

  #sample(nowMs: number): void {
    this.#calls++;
    const passedMs = nowMs - this.#sampledMs;
    const isCheap = this.#calls >= this.#lastRows * callsPerRow || passedMs >= longPauseMs;
    if (passedMs < sampleMs || !isCheap) return;
    this.#calls = 0;
    this.#sampledMs = nowMs;
    this.#lastRows = this.#waits((domain, what) => this.#byDomain.get(domain)?.waited(what, passedMs));
  }

  /** A transaction is no longer on the way. Its domains stay those of the connection until it is used for others. */
  #over(visit: Visit, message: number, recipients: readonly number[]): void {
    const used = this.#usedFor.get(visit);
    if (used === undefined) return;
    for (const domain of this.#domainsOf(message, recipients)) used.set(domain, (used.get(domain) ?? 1) - 1);
  }

  #domainsOf(message: number, recipients: readonly number[]): Set<number> {
    const workload = this.#workload;
    return new Set(recipients.map((recipient) => workload.domainAt(workload.place(message, recipient))));
  }

  #told(visit: Visit, tell: (tally: Tally) => void): void {
    tell(this.#siteOf(visit));
    for (const domain of this.#usedFor.get(visit)?.keys() ?? []) tell(this.#tally(domain));
  }

  #siteOf({ site }: Visit): Tally {
    let tally = this.sites.get(site);
    if (tally === undefined) this.sites.set(site, (tally = new Tally(site)));
    return tally;
  }

  #delaysOf(message: number): Delays {
    const tenant = this.#tenantOf(message);
    let delays = this.tenants.get(tenant);
    if (delays === undefined) this.tenants.set(tenant, (delays = new Delays(tenant)));
    return delays;
  }

  #domainOf(message: number, recipient: number): Tally {
    return this.#tally(this.#workload.domainAt(this.#workload.place(message, recipient)));
  }

  #tally(domain: number): Tally {
    return this.domains[domain] as Tally;
  }
}
