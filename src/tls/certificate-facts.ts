// What may be told about a certificate of the server: everything but its key. For `sluice tls`, for troubles and the log.

export type KeyType = 'ecdsa' | 'rsa';

export interface CertificateFacts {
  /** The file of the chain; empty for the self-signed certificate that Sluice made. */
  readonly file: string;
  /** What clients ask for to get it: host names, and `*.example.com` for one label. */
  readonly names: readonly string[];
  readonly keyType: KeyType;
  /** Size of an RSA key, or name of the curve: `2048 bits`, `P-256`. */
  readonly keySize: string;
  /** The common name of the issuer, or the whole name where it has none. */
  readonly issuer: string;
  /** First and last moment of its validity, Unix ms. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** SHA-256 of its public key, lower-case hex: the digest of a TLSA record 3 1 1 (RFC 6698). */
  readonly keyFingerprint: string;
}
