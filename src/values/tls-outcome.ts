// What TLS came to on one outgoing connection: secured, in clear, or failed. Plain data, which a sender tells the manager when the
// connection is ready or has failed, for the log, `sluice explain` and TLS reports (RFC 8460).

/** How the server was known. `none`: there was nothing to know it by; `unverified`: it could not show that it is who it should be. */
export type TlsVerification = 'none' | 'unverified' | 'name' | 'fingerprint' | 'dane-ta' | 'dane-ee';

/** Result types of TLS reports: failures of the negotiation (RFC 8460 4.3.1) and of policies (RFC 8460 4.3.2). */
export const tlsResultTypes = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'dane-required',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
] as const;

export type TlsResultType = (typeof tlsResultTypes)[number];

/** What is wrong, for people on one line, and for reports by its type. */
export interface TlsProblem {
  readonly result: TlsResultType;
  readonly reason: string;
}

/** What was agreed on in a handshake. */
export interface TlsFacts {
  /** As OpenSSL names it, e.g. `TLSv1.3`. */
  readonly version: string;
  /** As the RFCs name it, e.g. `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  readonly verification: TlsVerification;
  /** The session of an earlier handshake went on (RFC 8446 2.2), so the verdict of that one holds. */
  readonly resumed: boolean;
  /** Why the server is not verified, where its policy does without; undefined for a verified one, and when there was nothing to ask. */
  readonly problem?: TlsProblem | undefined;
}

export type TlsOutcome =
  | ({ readonly kind: 'secured' } & TlsFacts)
  /** TLS was wanted, and the session is in clear: TLS was not offered, was refused, or broke before. Its policy allows that. */
  | ({ readonly kind: 'clear' } & TlsProblem)
  /** The connection has not what its policy demands, so it was given up. */
  | ({ readonly kind: 'failed'; readonly lack?: TlsLack | undefined } & TlsProblem);

/**
 * More about why a host failed its policy. `for now`: the handshake broke or hung, or STARTTLS was refused with 4yz, so the next attempt
 * may end otherwise. `requiretls`: it does not offer REQUIRETLS (RFC 8689). Undefined: it has no TLS, or is not the right host.
 */
export type TlsLack = 'for now' | 'requiretls';
