// Who the server of a new TLS session is, as far as its policy asks: by authority and name (RFC 5280, RFC 9525), by fingerprint, or
// by TLSA records (RFC 7672). Node checks names only in some cases, so it is done here in all.

import { createHash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { chainProblem } from '../../tls/chain-problem.ts';
import type { TlsProblem, TlsVerification } from '../../values/tls-outcome.ts';
import type { HopTlsPolicy } from '../../values/tls-policy.ts';
import { isIP } from '../../values/ip-version.ts';

export interface Verdict {
  readonly verification: TlsVerification;
  readonly problem?: TlsProblem | undefined;
}

/** Matches a chain as it was sent with usable TLSA records. @param chain - certificates in DER, the leaf first */
export type MatchTlsa = (
  chain: readonly Buffer[],
  policy: Pick<HopTlsPolicy, 'tlsa' | 'names'>,
  nowMs: number,
) => { readonly kind: 'dane-ee' | 'dane-ta' } | ({ readonly kind: 'failed' } & TlsProblem);

/** What is asked about a server. */
export type Asked = Pick<HopTlsPolicy, 'level' | 'names' | 'fingerprints' | 'tlsa'>;

/** The verdict about the server of a full handshake. A resumed session has no certificate: its verdict is that of the first. */
export function verdictOf(socket: TLSSocket, asked: Asked, matchTlsa: MatchTlsa | undefined): Verdict {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return unverified('validation-failure', 'the server showed no certificate');
  if (asked.level === 'fingerprint') return byFingerprint(certificate, asked.fingerprints);
  if (asked.level !== 'dane') return byName(socket, certificate, asked);
  // RFC 7672 2.2: records, but no usable one: TLS without authentication.
  if (asked.tlsa.length === 0) return { verification: 'none' };
  const match = matchTlsa?.(chainOf(certificate), asked, Date.now());
  if (match === undefined) return unverified('validation-failure', 'TLSA records cannot be matched here');
  return match.kind === 'failed' ? unverified(match.result, match.reason) : { verification: match.kind };
}

function unverified(result: TlsProblem['result'], reason: string): Verdict {
  return { verification: 'unverified', problem: { result, reason } };
}

function byName(socket: TLSSocket, certificate: X509Certificate, { level, names }: Asked): Verdict {
  // With `checkServerIdentity` out of the way, this is what OpenSSL said about the chain.
  const { authorizationError } = socket;
  if (authorizationError !== null && authorizationError !== undefined)
    return unverifiedChain(String(authorizationError), certificate);
  if (names.length === 0 && level === 'verified')
    return unverified(
      'certificate-host-mismatch',
      'the policy has no name that the certificate could be for',
    );
  if (names.length === 0) return { verification: 'none' };
  if (names.some((name) => isFor(certificate, name))) return { verification: 'name' };
  const theirs = certificate.subjectAltName ?? 'no name';
  return unverified(
    'certificate-host-mismatch',
    `the certificate is not for ${names.join(' or ')}, but for ${theirs.slice(0, 200)}`,
  );
}

/** RFC 9525 6.3: a DNS name of subjectAltName, in which `*` stands for the whole left-most label; the subject does not count. */
function isFor(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  return certificate.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined;
}

function unverifiedChain(code: string, { validFrom, validTo }: X509Certificate): Verdict {
  const { kind, text } = chainProblem(code);
  switch (kind) {
    case 'expired':
      return unverified('certificate-expired', `${text}; that of the host: ${validTo}`);
    case 'not yet valid':
      return unverified('certificate-expired', `${text}; that of the host: ${validFrom}`);
    case 'not trusted':
      return unverified('certificate-not-trusted', text);
    case 'other':
      return unverified('validation-failure', text);
  }
}

function byFingerprint(certificate: X509Certificate, fingerprints: readonly string[]): Verdict {
  const ofCertificate = sha256(certificate.raw);
  const ofKey = sha256(certificate.publicKey.export({ type: 'spki', format: 'der' }));
  if (fingerprints.includes(ofCertificate) || fingerprints.includes(ofKey))
    return { verification: 'fingerprint' };
  return unverified(
    'validation-failure',
    `neither the certificate (sha256:${ofCertificate}) nor its key (sha256:${ofKey}) has one of the fingerprints`,
  );
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The chain as the server has sent it, as far as each certificate issued the one before. */
function chainOf(leaf: X509Certificate): Buffer[] {
  const chain: Buffer[] = [];
  for (
    let at: X509Certificate | undefined = leaf;
    at !== undefined && chain.length < 20;
    at = at.issuerCertificate
  )
    chain.push(at.raw);
  return chain;
}
