// What the keeper of MTA-STS policies is given, and what it tells about a domain.

import type { Resolver } from '../dns/types.ts';
import type { Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { TlsProblem } from '../values/tls-outcome.ts';
import type { FetchedPolicy } from './fetch-policy.ts';
import type { KnownPolicy } from './known-policies.ts';

/** What one configuration asks and trusts. */
export interface StsSource {
  readonly resolver: Pick<Resolver, 'txt'>;
  /** The MX hosts of a domain, for people. */
  readonly hostsOf: (domain: string) => Promise<readonly string[]>;
  /** Fetches the policy file of a domain, and never rejects. */
  readonly fetch: (domain: string) => Promise<FetchedPolicy>;
}

export interface PolicyKeeperParts {
  readonly timers: Timers;
  /** The date without steps of the clock that are in doubt, Unix ms. */
  readonly dateMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** The known policies have changed, and should be stored. */
  readonly changed: () => void;
  /** A policy could not be had: for reports (RFC 8460 4.3.2.2). */
  readonly failed: (domain: string, problem: TlsProblem) => void;
}

/** What the last look for a policy came to when it did not give one. */
export interface PolicyFailure {
  /** Where it failed: at the record in the DNS, or by a type of reports (RFC 8460 4.3.2.2). */
  readonly at: 'record' | TlsProblem['result'];
  readonly reason: string;
  readonly atMs: number;
  /** Unix ms before which it is not tried again. */
  readonly untilMs: number;
}

/**
 * What became of a known policy that an operator had fetched anew. `kept`: no other one can be had; `forgotten`: the domain has ended it, or
 * has no record any more.
 */
export type PolicyRenewal = 'none known' | 'replaced' | 'forgotten' | 'kept';

/** All that is known about one domain, for people. */
export interface DomainSts {
  readonly known: KnownPolicy | undefined;
  readonly endsAtMs: number | undefined;
  readonly failure: PolicyFailure | undefined;
}
