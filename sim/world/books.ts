// What the outside sees of our connections: how many are open per domain, site, address, and in all. Kept apart from the
// scheduler's own counters, so that it can be judged by them.

import type { SchedulerConfig } from '../../src/schedule/types.ts';
import { check } from './ledger.ts';

export class Books {
  readonly #counts = new Map<string, number>();
  total = 0;

  open(site: string, ip: string, limits: SchedulerConfig['limits']): void {
    this.total += 1;
    check(this.total <= limits.global, () => `${this.total} connections in all, allowed ${limits.global}`);
    this.#add(`site ${site}`, limits.perSite);
    this.#add(`ip ${ip}`, limits.perIp);
  }

  close(site: string, ip: string): void {
    this.total -= 1;
    this.#subtract(`site ${site}`);
    this.#subtract(`ip ${ip}`);
  }

  /** A connection is used for these domains from now on. */
  use(before: ReadonlySet<string>, now: ReadonlySet<string>, limits: SchedulerConfig['limits']): void {
    for (const domain of before) if (!now.has(domain)) this.#subtract(`domain ${domain}`);
    for (const domain of now) if (!before.has(domain)) this.#add(`domain ${domain}`, limits.perDomain);
  }

  /** Connections open for a key such as `domain example.com`. */
  count(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  get isEmpty(): boolean {
    return this.total === 0 && [...this.#counts.values()].every((count) => count === 0);
  }

  #add(key: string, limit: number): void {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    check(count <= limit, () => `${count} connections for ${key}, allowed ${limit}`);
  }

  #subtract(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) - 1);
  }
}
