// A [[diversion]]: from which measure on mail is diverted by itself, and when that ends.

import type { DomainSet } from '../../values/domain-set.ts';

/** What each key is a value of: a recipient domain, a tenant, a client, a sender; or all mail together. */
export type StormKey = 'domain' | 'tenant' | 'client' | 'sender' | 'all';

export type StormMeasure =
  /** Recipients that come in. */
  | { readonly kind: 'rate'; readonly count: number; readonly perMs: number }
  /** Attempts that failed, as a share of all; so many attempts are needed to tell. */
  | { readonly kind: 'failures'; readonly share: number; readonly least: number; readonly perMs: number }
  /** Answers of a stage that took longer than its limit, as a share of all. */
  | {
      readonly kind: 'delay';
      readonly stage: string;
      readonly share: number;
      readonly least: number;
      readonly perMs: number;
    };

export interface StormRule {
  readonly name: string;
  /** The queue that gets the mail. */
  readonly queue: string;
  readonly per: StormKey;
  readonly measure: StormMeasure;
  /** Only mail for these domains counts; undefined: any. */
  readonly domains: DomainSet | undefined;
  /** As written, for the diversions of the rule. */
  readonly domain: readonly string[] | undefined;
  /** Only mail of these tenants counts; undefined: any. */
  readonly tenant: readonly string[] | undefined;
  /** It ends when the measure is at most this share of what begins it, */
  readonly calm: number;
  /** for so long, */
  readonly calmForMs: number;
  /** and not before so long after its beginning. */
  readonly atLeastMs: number;
}
