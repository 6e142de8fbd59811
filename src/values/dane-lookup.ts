// The TLSA records of a host, as routing asks for them. All of DNSSEC lies behind this.

import type { TlsaRecord } from './tls-policy.ts';

export interface DaneHost {
  /** MX host or smarthost, in lower-case A-labels; never an IP address. */
  readonly host: string;
  readonly port: number;
  /** The recipient domain or the smarthost: certificates of usage 2 may be for it, too (RFC 7672 3.2.2). */
  readonly nextHopDomain: string;
  /** The way to the host is secure: secure MX records, their secure absence, or a host that the configuration names. */
  readonly isSecure: boolean;
}

export type DaneAnswer =
  /** No DANE: something on the way is insecure, or there are no records. */
  | { readonly kind: 'none'; readonly ttlSeconds: number }
  /** Secure records: DANE alone decides about this host. */
  | {
      readonly kind: 'records';
      /** The base domain of the records (RFC 7672 2.2.2); it goes into the client hello. */
      readonly base: string;
      /** Names that a certificate of usage 2 may be for. */
      readonly names: readonly string[];
      /** The usable ones; none: TLS is required, with any certificate. */
      readonly tlsa: readonly TlsaRecord[];
      /** The only addresses to use, because the others are not secure; undefined: all. */
      readonly ips?: readonly string[] | undefined;
      readonly ttlSeconds: number;
    }
  /** The look-up failed: the host must not be used (RFC 7672 2.1). */
  | { readonly kind: 'failed'; readonly reason: string };

export interface DaneLookup {
  /** Never rejects. */
  of(host: DaneHost): Promise<DaneAnswer> | DaneAnswer;
}
