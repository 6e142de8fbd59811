// Counts for aggregate reports of DMARC: verified mail of each UTC day, by the policy domain and by what was found out. Pure but for its
// owner. Promises: bounded in days, domains and rows, whatever strangers send; what exceeds a bound is counted as left out.

import type { AggregatedMail, AggregateRow, PublishedPolicy } from '../verification/aggregate-row.ts';

/** So many messages with the same facts. */
export interface AggregatedCount extends AggregatedMail {
  readonly count: number;
}

interface Row {
  readonly row: AggregateRow;
  count: number;
}

/** What is counted about one policy domain on one day. */
export interface DomainCounts {
  /** The last one that was seen: RFC 9990 3.1 wants the final one where it has changed. */
  policy: PublishedPolicy;
  readonly rows: Map<string, Row>;
  /** Messages that are in no row, because there are too many. */
  leftOut: number;
}

/** The counts of one day, to be kept. */
export interface DmarcDay {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly domains: readonly {
    readonly policy: PublishedPolicy;
    readonly rows: readonly { readonly row: AggregateRow; readonly count: number }[];
    readonly leftOut: number;
  }[];
  /** Messages of domains that are not counted, because there are too many. */
  readonly leftOut: number;
}

interface Day {
  readonly domains: Map<string, DomainCounts>;
  rows: number;
  leftOut: number;
}

export interface DmarcBounds {
  readonly domains: number;
  readonly rowsOfDomain: number;
  readonly rows: number;
}

/** Today and two days before it. */
const maxDays = 3;
export const usualBounds: DmarcBounds = { domains: 5_000, rowsOfDomain: 1_000, rows: 20_000 };

export class DmarcCounts {
  readonly #days = new Map<string, Day>();
  readonly #bounds: DmarcBounds;
  /** Which day is full was told. */
  readonly #full: (day: string, what: 'domains' | 'rows') => void;
  readonly #told = new Set<string>();

  /** @param full - called once for a day and a bound */
  constructor(full: (day: string, what: 'domains' | 'rows') => void, bounds: DmarcBounds = usualBounds) {
    this.#full = full;
    this.#bounds = bounds;
  }

  count(day: string, { policy, row, count }: AggregatedCount): void {
    const counts = this.#day(day);
    const domain = this.#domain(day, counts, policy);
    if (domain === undefined) {
      counts.leftOut += count;
      return;
    }
    domain.policy = policy;
    const key = rowKey(row);
    const known = domain.rows.get(key);
    if (known !== undefined) known.count += count;
    else if (domain.rows.size < this.#bounds.rowsOfDomain && counts.rows < this.#bounds.rows) {
      domain.rows.set(key, { row, count });
      counts.rows++;
    } else {
      domain.leftOut += count;
      this.#tell(day, 'rows');
    }
  }

  /** So many messages are in no row, because too many came at once. */
  countLeftOut(day: string, count: number): void {
    this.#day(day).leftOut += count;
  }

  get days(): readonly string[] {
    return [...this.#days.keys()];
  }

  domainsOf(day: string): Iterable<string> {
    return this.#days.get(day)?.domains.keys() ?? [];
  }

  of(day: string, domain: string): DomainCounts | undefined {
    return this.#days.get(day)?.domains.get(domain);
  }

  snapshot(day: string): DmarcDay {
    const { domains, leftOut } = this.#day(day);
    return {
      day,
      domains: [...domains.values()].map(({ policy, rows, leftOut: ofDomain }) => ({
        policy,
        rows: [...rows.values()],
        leftOut: ofDomain,
      })),
      leftOut,
    };
  }

  restore({ day, domains, leftOut }: DmarcDay): void {
    const counts = this.#day(day);
    for (const { policy, rows, leftOut: ofDomain } of domains) {
      for (const { row, count } of rows) this.count(day, { policy, row, count });
      const domain = counts.domains.get(policy.domain);
      if (domain !== undefined) domain.leftOut += ofDomain;
    }
    counts.leftOut += leftOut;
  }

  #day(day: string): Day {
    let counts = this.#days.get(day);
    if (counts === undefined) {
      this.#days.set(day, (counts = { domains: new Map(), rows: 0, leftOut: 0 }));
      const old = [...this.#days.keys()].toSorted().slice(0, -maxDays);
      for (const each of old) this.#days.delete(each);
    }
    return counts;
  }

  #domain(day: string, counts: Day, policy: PublishedPolicy): DomainCounts | undefined {
    const known = counts.domains.get(policy.domain);
    if (known !== undefined) return known;
    if (counts.domains.size >= this.#bounds.domains) {
      this.#tell(day, 'domains');
      return undefined;
    }
    const domain: DomainCounts = { policy, rows: new Map(), leftOut: 0 };
    counts.domains.set(policy.domain, domain);
    return domain;
  }

  #tell(day: string, what: 'domains' | 'rows'): void {
    const key = `${day} ${what}`;
    if (this.#told.has(key)) return;
    for (const each of this.#told) if (!this.#days.has(each.slice(0, day.length))) this.#told.delete(each);
    this.#told.add(key);
    this.#full(day, what);
  }
}

/** Equal facts have one key. */
export function rowKey(row: AggregateRow): string {
  const { sourceIp, disposition, dkim, spf, reasons, headerFrom, envelopeFrom, signatures, spfResult } = row;
  return JSON.stringify([
    sourceIp,
    disposition,
    dkim,
    spf,
    headerFrom,
    envelopeFrom,
    reasons.map(({ type, comment }) => [type, comment]),
    signatures.map(({ domain, selector, result }) => [domain, selector, result]),
    spfResult.domain,
    spfResult.result,
  ]);
}
