// Which TLS a connection to one host must have: the answer of routing, which senders carry out. Promises: equal policies have one
// key (`tlsPolicyKey`), and connections are shared by that key only, so that no message goes over one made for less.

/**
 * How much TLS a connection must have. From `none` to `verified` each demands more; `fingerprint` and `dane` are other ways to
 * know the host than names and authorities.
 *
 * - `none`: never TLS.
 * - `opportunistic`: TLS where the host offers it, with any certificate, and without it otherwise (RFC 7435 3).
 * - `required`: TLS with any certificate.
 * - `verified`: the certificate chains to a trusted authority, and is for one of the policy's names (RFC 5280 6, RFC 9525).
 * - `fingerprint`: the certificate or its public key has one of the policy's fingerprints.
 * - `dane`: the certificate matches a usable TLSA record (RFC 7672); without a usable one, as `required`.
 */
export type TlsLevel = 'none' | 'opportunistic' | 'required' | 'verified' | 'fingerprint' | 'dane';

/**
 * What a message asks for about TLS (RFC 8689): `requiretls`: never without it, and only to servers that promise the same;
 * `tls-required-no`: what domains publish about TLS does not count for it.
 */
export type TlsDemand = 'requiretls' | 'tls-required-no';

/** Who says that a host must have this policy. */
export type TlsPolicySource =
  | 'default'
  | 'configuration'
  | 'mta-sts'
  | 'dane'
  | 'requiretls'
  | 'tls-required-no';

/** Which TLS a connection to a host must have, who says so, and what the handshake needs. Part of the hop. */
export interface HopTlsPolicy {
  readonly level: TlsLevel;
  /** For people and for reports (RFC 8460); it does not tell connections apart. */
  readonly from: TlsPolicySource;
  /**
   * For people and for reports: the recipient domain, the smarthost, or the base domain of the TLSA records. It does not tell connections
   * apart: domains with equal policies share them.
   */
  readonly policyDomain: string;
  /** Server name in the client hello (RFC 6066 3); empty for none. */
  readonly serverName: string;
  /** Level `verified`, and DANE's usage 2: the certificate must be for one of these. */
  readonly names: readonly string[];
  /** Level `fingerprint`: SHA-256 of the certificate or of its public key, in lower-case hex. */
  readonly fingerprints: readonly string[];
  /** Level `dane`: the usable records. None: there are records, but no usable one (RFC 7672 2.2). */
  readonly tlsa: readonly TlsaRecord[];
  /** TLS begins before the greeting (RFC 8314 3.3). */
  readonly implicit: boolean;
  /** The host must offer REQUIRETLS, and is asked for it (RFC 8689 4.2.1). */
  readonly needsRequireTls: boolean;
  /** Names the handshake settings of the configuration (authorities, client certificate, ciphers, versions); empty: the defaults. */
  readonly settings: string;
}

/** A TLSA record (RFC 6698 2.1). */
export interface TlsaRecord {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** Certificate association data in lower-case hex. */
  readonly data: string;
}

/**
 * One text for equal policies: what may share a connection, and a TLS session. Lists count as sets. Empty for no policy, that is,
 * opportunistic TLS with the host's name in the client hello.
 */
export function tlsPolicyKey(policy: HopTlsPolicy | undefined): string {
  if (policy === undefined) return '';
  const records = policy.tlsa.map(
    ({ usage, selector, matchingType, data }) => `${usage} ${selector} ${matchingType} ${data}`,
  );
  return JSON.stringify([
    policy.level,
    policy.serverName,
    policy.names.toSorted(),
    policy.fingerprints.toSorted(),
    records.sort(),
    policy.implicit ? 1 : 0,
    policy.needsRequireTls ? 1 : 0,
    policy.settings,
  ]);
}
