// The MTA-STS policies of domains (RFC 8461), as routing asks for them. Routing knows no more of MTA-STS than this.

/** The policy of a domain. */
export interface StsPolicy {
  readonly kind: 'policy';
  readonly mode: 'enforce' | 'testing';
  /** The policy's `id` in the DNS. */
  readonly id: string;
  /** Its `mx` patterns, as in the policy. */
  readonly mx: readonly string[];
  /** Unix ms of the fetch, and of the end by `max_age`. */
  readonly fetchedAtMs: number;
  readonly expiresAtMs: number;
  /** Seconds after which to ask again. */
  readonly ttlSeconds: number;
}

/** What is known about a domain's policy now. */
export type StsAnswer =
  /** There is no policy, or it says `mode: none`. */
  { readonly kind: 'none'; readonly ttlSeconds: number } | StsPolicy;

export interface StsPolicies {
  /**
   * Never rejects.
   * @param domain - of recipients, in lower-case A-labels; never an address literal or a smarthost
   */
  policyOf(domain: string): Promise<StsAnswer> | StsAnswer;
  /** Does an MX host fit one of the policy's patterns (RFC 8461 4.1)? */
  fits(mx: readonly string[], host: string): boolean;
}
