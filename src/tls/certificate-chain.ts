// Whether a certificate leads up to an authority by signatures, over the certificates that a peer has sent (RFC 5280 6.1): for chains
// that OpenSSL cannot judge here, because its store is empty. What is not understood, such as name constraints, is refused. No I/O; no
// certificate makes it throw.

import { type KeyObject, X509Certificate } from 'node:crypto';
import type { TlsProblem } from '../values/tls-outcome.ts';
import { type CertificateParts, derTags, derValues, readCertificateParts } from './certificate-parts.ts';

/** Most certificates of a chain that are looked at, and most signatures that are checked for it. */
export const maxCertificates = 16;
const maxSignatures = 50;

export interface ChainCertificate {
  readonly x509: X509Certificate;
  readonly parts: CertificateParts;
  /** It is an authority that is trusted: the way up ends here. */
  readonly isAnchor: boolean;
}

/** What certificates of a chain may be used for (RFC 5280 4.2.1.12), as an object identifier and in words. */
export interface ChainPurpose {
  readonly id: string;
  readonly words: string;
}

export const forServers: ChainPurpose = { id: '1.3.6.1.5.5.7.3.1', words: 'for servers' };
export const forClients: ChainPurpose = { id: '1.3.6.1.5.5.7.3.2', words: 'for clients' };

/** @param der - undefined is returned when it cannot be read */
export function chainCertificate(der: Buffer, isAnchor: boolean): ChainCertificate | undefined {
  const parts = readCertificateParts(der);
  if (parts === undefined) return undefined;
  try {
    return { x509: new X509Certificate(der), parts, isAnchor };
  } catch {
    return undefined;
  }
}

/** Why a certificate cannot be used by itself, whoever issued it; undefined when it can. @param what - it is, for people */
export function certificateProblem(
  { x509, parts }: ChainCertificate,
  what: string,
  purpose: ChainPurpose,
  nowMs: number,
): TlsProblem | undefined {
  if (nowMs > x509.validToDate.getTime()) {
    return { result: 'certificate-expired', reason: `the ${what} has expired: ${x509.validTo}` };
  }
  if (nowMs < x509.validFromDate.getTime()) {
    return { result: 'certificate-expired', reason: `the ${what} is not valid before ${x509.validFrom}` };
  }
  // RFC 5280 4.2: what is critical and not understood makes a certificate unusable.
  const strange = parts.extensions.find(({ id, isCritical }) => isCritical && !understood.has(id));
  if (strange !== undefined) {
    const reason = `the ${what} has a critical extension that Sluice does not understand (OID in hex: ${strange.id})`;
    return { result: 'validation-failure', reason };
  }
  // Node calls the extended key usage so (RFC 5280 4.2.1.12).
  const purposes: readonly string[] | undefined = x509.keyUsage;
  if (purposes !== undefined && !purposes.includes(purpose.id) && !purposes.includes(anyPurpose)) {
    return { result: 'certificate-not-trusted', reason: `the ${what} is not ${purpose.words}` };
  }
  return undefined;
}

const anyPurpose = '2.5.29.37.0';
const basicConstraints = '551d13';
/**
 * Object identifiers of RFC 5280 4.2.1: key usage (which `checkIssued` looks at), alternative name, basic constraints, policies (any of
 * which will do), extended key usage. Name constraints are not among them: they would have to be applied to the names.
 */
const understood: ReadonlySet<string> = new Set(['551d0f', '551d11', basicConstraints, '551d20', '551d25']);

/** Searches a way from a certificate up to an anchor, and remembers why it did not get further. */
export class Climb {
  readonly #pool: readonly ChainCertificate[];
  readonly #keys: readonly KeyObject[];
  readonly #purpose: ChainPurpose;
  readonly #nowMs: number;
  readonly #onTheWay = new Set<ChainCertificate>();
  #signatures = 0;
  #problem: TlsProblem;

  /**
   * @param pool - certificates that may be on the way, in any order, and the anchors
   * @param keys - of authorities that are trusted, of which only the key is known
   * @param noWay - the problem when nothing leads further
   */
  constructor(
    pool: readonly ChainCertificate[],
    keys: readonly KeyObject[],
    purpose: ChainPurpose,
    noWay: TlsProblem,
    nowMs: number,
  ) {
    this.#pool = pool;
    this.#keys = keys;
    this.#purpose = purpose;
    this.#problem = noWay;
    this.#nowMs = nowMs;
  }

  /** Why there is no way from this certificate, which is not judged itself; undefined when there is one. */
  problem(leaf: ChainCertificate): TlsProblem | undefined {
    return this.#reaches(leaf, 0) ? undefined : this.#problem;
  }

  /** @param below - authorities under this certificate's issuer */
  #reaches(certificate: ChainCertificate, below: number): boolean {
    if (this.#keys.some((key) => this.#isSignedBy(certificate, key))) return true;
    for (const issuer of this.#pool) {
      if (this.#onTheWay.has(issuer) || !certificate.x509.checkIssued(issuer.x509)) continue;
      const key = keyOf(issuer);
      if (key === undefined || !this.#isSignedBy(certificate, key)) continue;
      const problem = issuerProblem(issuer, below, this.#purpose, this.#nowMs);
      if (problem !== undefined) {
        this.#problem = problem;
        continue;
      }
      if (issuer.isAnchor) return true;
      this.#onTheWay.add(issuer);
      if (this.#reaches(issuer, below + 1)) return true;
      this.#onTheWay.delete(issuer);
    }
    return false;
  }

  #isSignedBy({ x509 }: ChainCertificate, key: KeyObject): boolean {
    // Certificates with the same names could be combined in very many ways.
    if (++this.#signatures > maxSignatures) return false;
    try {
      // RFC 6194 3.1, RFC 6151 2: others can make certificates with the same SHA-1 or MD5 digest.
      return !/md5|sha-?1(?![0-9])/iu.test(x509.signatureAlgorithm ?? '') && x509.verify(key);
    } catch {
      return false;
    }
  }
}

function keyOf({ x509 }: ChainCertificate): KeyObject | undefined {
  try {
    return x509.publicKey;
  } catch {
    return undefined;
  }
}

/** RFC 5280 6.1.4 (k) to (n): an issuer must be an authority that may have as many authorities below it. */
function issuerProblem(
  issuer: ChainCertificate,
  below: number,
  purpose: ChainPurpose,
  nowMs: number,
): TlsProblem | undefined {
  const { x509, parts } = issuer;
  const subject = oneLine(x509.subject);
  if (!x509.ca) {
    return { result: 'certificate-not-trusted', reason: `an issuer (${subject}) is no authority` };
  }
  const most = pathLength(parts);
  if (most !== undefined && most < below) {
    return {
      result: 'certificate-not-trusted',
      reason: `an authority (${subject}) may not have others below it`,
    };
  }
  return certificateProblem(issuer, `certificate of the authority (${subject})`, purpose, nowMs);
}

/** RFC 5280 4.2.1.9: how many authorities may be below; undefined: any number. */
function pathLength({ extensions }: CertificateParts): number | undefined {
  const value = extensions.find(({ id }) => id === basicConstraints)?.value;
  const [constraints] = (value && derValues(value)) ?? [];
  const length = constraints && derValues(constraints.content)?.find(({ tag }) => tag === derTags.integer);
  if (length === undefined) return undefined;
  // More than any chain is long.
  return length.content.length === 1 ? (length.content[0] ?? 0) : maxCertificates;
}

/** Text of a stranger's certificate, for one line. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').slice(0, 200);
}
