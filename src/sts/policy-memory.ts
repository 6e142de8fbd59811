// The known MTA-STS policies with what goes with each: its end, when mail used it last, when its record was looked at, and when it is
// refreshed. Promises: a policy whose lifetime is over is not known any more, and what has to be stored is told.

import { RecentMap } from '../dns/recent-map.ts';
import type { PolicyKeeperParts } from './keeper-types.ts';
import { KnownPolicies, type KnownPolicy, policyEndsAtMs } from './known-policies.ts';
import { nextRefreshMs } from './refresh-time.ts';

const dayMs = 86_400_000;
export const maxDomains = 20_000;
const maxWeight = 8 * 1024 * 1024;

export class PolicyMemory {
  readonly #parts: Pick<PolicyKeeperParts, 'dateMs' | 'random' | 'changed'>;
  readonly #known = new KnownPolicies({ domains: maxDomains, weight: maxWeight });
  /** Unix ms until which the record of a known policy has been looked at. */
  readonly #looked = new RecentMap<string, number>(maxDomains);
  /** Unix ms at which a known policy is refreshed. */
  readonly #refreshAt = new Map<string, number>();

  constructor(parts: Pick<PolicyKeeperParts, 'dateMs' | 'random' | 'changed'>) {
    this.#parts = parts;
  }

  /** The policy of a domain; undefined: none is known, or its lifetime is over. */
  of(domain: string): KnownPolicy | undefined {
    const known = this.#known.get(domain);
    if (known === undefined || policyEndsAtMs(known) > this.#parts.dateMs()) return known;
    this.forget(domain);
    return undefined;
  }

  /** Adds a policy that was fetched, or replaces the one of before. */
  learn(known: KnownPolicy): void {
    this.#known.set(known);
    this.#refreshAt.set(known.domain, nextRefreshMs(known, this.#parts.random()));
    this.#parts.changed();
  }

  /** Keeps a policy that mail uses. The time of use is stored only when it has moved by a day. */
  use(known: KnownPolicy): void {
    const now = this.#parts.dateMs();
    const isMoved = now - known.usedAtMs > dayMs;
    this.#known.set(isMoved ? { ...known, usedAtMs: now } : known);
    if (isMoved) this.#parts.changed();
  }

  /** True when there was one. */
  forget(domain: string): boolean {
    this.#looked.delete(domain);
    this.#refreshAt.delete(domain);
    const wasKnown = this.#known.delete(domain);
    if (wasKnown) this.#parts.changed();
    return wasKnown;
  }

  /** Unix ms until which the record of a domain need not be looked at. */
  lookedUntilMs(domain: string): number {
    return this.#looked.get(domain) ?? 0;
  }

  /** The record need not be looked at before this. */
  lookedUntil(domain: string, untilMs: number): void {
    this.#looked.set(domain, untilMs);
  }

  refreshAt(domain: string, atMs: number): void {
    this.#refreshAt.set(domain, atMs);
  }

  /** Whether the time to fetch a policy again has come. After a restart, a time is chosen first. */
  isDue(known: KnownPolicy): boolean {
    const chosen = this.#refreshAt.get(known.domain) ?? nextRefreshMs(known, this.#parts.random());
    this.#refreshAt.set(known.domain, chosen);
    return chosen <= this.#parts.dateMs();
  }

  /** All, the least recently used first. */
  snapshot(): readonly KnownPolicy[] {
    return this.#known.snapshot();
  }

  /** Takes a snapshot back; policies that were learned meanwhile stay. */
  restore(policies: readonly KnownPolicy[]): void {
    this.#known.restore(policies);
  }
}
