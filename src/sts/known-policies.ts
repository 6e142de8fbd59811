// The MTA-STS policies that were fetched (RFC 8461 3.3 and 5.1), by domain, in memory. Promises: bounded in number and in size;
// the least recently used ones make room. Who keeps them over a restart takes `snapshot` and gives it back to `restore`.

import type { StsPolicy } from './sts-policy.ts';

export interface KnownPolicy {
  readonly domain: string;
  /** Of the TXT record at the time of the fetch. */
  readonly id: string;
  readonly policy: StsPolicy & { readonly mode: 'enforce' | 'testing' };
  /** Unix ms. */
  readonly fetchedAtMs: number;
  /** Unix ms of the last use for mail, to within a day. */
  readonly usedAtMs: number;
}

/** A policy lives at least as long as a failed fetch keeps another one off, so that no domain can have one fetched without end. */
const leastLifetimeMs = 300_000;
/** Memory of a policy beside its texts. */
const fixedWeight = 200;

/** Unix ms at which a policy ends unless it is fetched again (RFC 8461 3.2, max_age). */
export function policyEndsAtMs({ policy, fetchedAtMs }: Pick<KnownPolicy, 'policy' | 'fetchedAtMs'>): number {
  return fetchedAtMs + Math.max(policy.maxAgeSeconds * 1000, leastLifetimeMs);
}

export interface KnownPoliciesBounds {
  readonly domains: number;
  /** Characters of all domains, ids and patterns together, with a fixed part for each. */
  readonly weight: number;
}

export class KnownPolicies {
  readonly #bounds: KnownPoliciesBounds;
  /** In the order of their last use. */
  readonly #policies = new Map<string, KnownPolicy>();
  #weight = 0;

  constructor(bounds: KnownPoliciesBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#policies.size;
  }

  get(domain: string): KnownPolicy | undefined {
    return this.#policies.get(domain);
  }

  /** Adds or replaces a policy, as the most recently used one. */
  set(known: KnownPolicy): void {
    this.delete(known.domain);
    this.#policies.set(known.domain, known);
    this.#weight += weightOf(known);
    for (const eldest of this.#policies.keys()) {
      if (this.#policies.size <= this.#bounds.domains && this.#weight <= this.#bounds.weight) break;
      this.delete(eldest);
    }
  }

  /** True when there was one. */
  delete(domain: string): boolean {
    const known = this.#policies.get(domain);
    if (known === undefined) return false;
    this.#weight -= weightOf(known);
    return this.#policies.delete(domain);
  }

  /** All, the least recently used first. */
  snapshot(): readonly KnownPolicy[] {
    return [...this.#policies.values()];
  }

  /** Takes a snapshot back; policies that were learned meanwhile stay. */
  restore(policies: readonly KnownPolicy[]): void {
    const newer = this.snapshot();
    for (const known of policies) this.set(known);
    for (const known of newer) this.set(known);
  }
}

function weightOf({ domain, id, policy }: KnownPolicy): number {
  return policy.mx.reduce((sum, each) => sum + each.length + 16, fixedWeight + domain.length + id.length);
}
