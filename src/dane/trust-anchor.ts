// Usage 2 (DANE-TA, RFC 7671 5.2): a TLSA record names the authority, and the server's certificate must lead up to it by signatures.
// The authority has to be in the chain that the server sent, or whole in a record; the system's authorities do not count. What
// cannot be judged here, such as name constraints, is refused.

import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { TlsProblem } from '../values/tls-outcome.ts';
import type { TlsaRecord } from '../values/tls-policy.ts';
import { derTags, derValues, readCertificateParts, type CertificateParts } from './certificate-parts.ts';
import { matchingTypes, selectors } from './usable-records.ts';

/** Most certificates of a chain that are looked at, and most signatures that are checked for it. */
const maxCertificates = 16;
const maxSignatures = 50;

interface Candidate {
  readonly x509: X509Certificate;
  readonly parts: CertificateParts;
  readonly isAnchor: boolean;
}

/**
 * Why the chain does not lead from the server's certificate to one of the anchors; undefined when it does.
 *
 * @param chain in DER, as sent, the server's own first
 * @param anchors usable records of usage 2
 * @param isAbout whether a record is about a certificate
 */
export function authorityProblem(
  chain: readonly Buffer[],
  anchors: readonly TlsaRecord[],
  isAbout: (record: TlsaRecord, certificate: Buffer) => boolean,
  names: readonly string[],
  nowMs: number,
): TlsProblem | undefined {
  const read = (der: Buffer): Candidate | undefined =>
    candidate(
      der,
      anchors.some((record) => isAbout(record, der)),
    );
  const [first, ...above] = chain.slice(0, maxCertificates);
  // RFC 7671 5.2: the anchor is above the server's certificate; one that is for that certificate itself has usage 3.
  const leaf = first && candidate(first, false);
  if (leaf === undefined) return { result: 'validation-failure', reason: 'the certificate cannot be read' };
  const pool = [...above, ...anchors.flatMap(wholeCertificate)]
    .map(read)
    .filter((one): one is Candidate => one !== undefined);
  const keys = anchors.flatMap(wholeKey);
  if (keys.length === 0 && !pool.some(({ isAnchor }) => isAnchor)) {
    return {
      result: 'certificate-not-trusted',
      reason: 'no certificate of the chain that the server sent matches a TLSA record',
    };
  }
  return (
    ownProblem(leaf, names, nowMs) ?? new Climb(pool, keys, nowMs).problem(leaf) // dates and names first: they cost nothing
  );
}

function candidate(der: Buffer, isAnchor: boolean): Candidate | undefined {
  const parts = readCertificateParts(der);
  if (parts === undefined) return undefined;
  try {
    return { x509: new X509Certificate(der), parts, isAnchor };
  } catch {
    return undefined;
  }
}

/** RFC 7671 5.2.1: the record holds the authority's certificate, which the server need not send. */
function wholeCertificate({ selector, matchingType, data }: TlsaRecord): Buffer[] {
  const isWhole = selector === selectors.certificate && matchingType === matchingTypes.full;
  return isWhole ? [Buffer.from(data, 'hex')] : [];
}

/** The record holds the authority's public key. */
function wholeKey({ selector, matchingType, data }: TlsaRecord): KeyObject[] {
  if (selector !== selectors.publicKey || matchingType !== matchingTypes.full) return [];
  try {
    return [createPublicKey({ key: Buffer.from(data, 'hex'), format: 'der', type: 'spki' })];
  } catch {
    return [];
  }
}

/** Searches a way from a certificate up to an anchor, and remembers why it did not get further. */
class Climb {
  readonly #pool: readonly Candidate[];
  readonly #keys: readonly KeyObject[];
  readonly #nowMs: number;
  readonly #onTheWay = new Set<Candidate>();
  #signatures = 0;
  #problem: TlsProblem = {
    result: 'certificate-not-trusted',
    reason: 'the chain does not lead to an authority that a TLSA record names',
  };

  constructor(pool: readonly Candidate[], keys: readonly KeyObject[], nowMs: number) {
    this.#pool = pool;
    this.#keys = keys;
    this.#nowMs = nowMs;
  }

  problem(leaf: Candidate): TlsProblem | undefined {
    return this.#reaches(leaf, 0) ? undefined : this.#problem;
  }

  /** @param below - authorities under this certificate's issuer */
  #reaches(certificate: Candidate, below: number): boolean {
    if (this.#keys.some((key) => this.#isSignedBy(certificate, key))) return true;
    for (const issuer of this.#pool) {
      if (this.#onTheWay.has(issuer) || !certificate.x509.checkIssued(issuer.x509)) continue;
      const key = keyOf(issuer);
      if (key === undefined || !this.#isSignedBy(certificate, key)) continue;
      const problem = issuerProblem(issuer, below, this.#nowMs);
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

  #isSignedBy({ x509 }: Candidate, key: KeyObject): boolean {
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

function keyOf({ x509 }: Candidate): KeyObject | undefined {
  try {
    return x509.publicKey;
  } catch {
    return undefined;
  }
}

/** RFC 5280 6.1.4 (k) to (n): an issuer must be an authority that may have as many authorities below it. */
function issuerProblem(issuer: Candidate, below: number, nowMs: number): TlsProblem | undefined {
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
  return commonProblem(issuer, `certificate of the authority (${subject})`, nowMs);
}

/** RFC 7672 3.2.3: the server's certificate is for one of the names. */
function ownProblem(leaf: Candidate, names: readonly string[], nowMs: number): TlsProblem | undefined {
  const isFor = (name: string): boolean =>
    leaf.x509.checkHost(name, { partialWildcards: false }) !== undefined;
  if (!names.some(isFor)) {
    const theirs = oneLine(leaf.x509.subjectAltName ?? leaf.x509.subject);
    return {
      result: 'certificate-host-mismatch',
      reason: `the certificate is not for ${names.join(' or ')}, but for ${theirs}`,
    };
  }
  return commonProblem(leaf, 'certificate', nowMs);
}

function commonProblem({ x509, parts }: Candidate, what: string, nowMs: number): TlsProblem | undefined {
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
  if (purposes !== undefined && !purposes.includes(serverAuth) && !purposes.includes(anyPurpose)) {
    return { result: 'certificate-not-trusted', reason: `the ${what} is not for servers` };
  }
  return undefined;
}

const serverAuth = '1.3.6.1.5.5.7.3.1';
const anyPurpose = '2.5.29.37.0';
const basicConstraints = '551d13';
/**
 * Object identifiers of RFC 5280 4.2.1: key usage (which `checkIssued` looks at), alternative name, basic constraints, policies (any of
 * which will do), extended key usage. Name constraints are not among them: they would have to be applied to the names.
 */
const understood: ReadonlySet<string> = new Set(['551d0f', '551d11', basicConstraints, '551d20', '551d25']);

/** RFC 5280 4.2.1.9: how many authorities may be below; undefined: any number. */
function pathLength({ extensions }: CertificateParts): number | undefined {
  const value = extensions.find(({ id }) => id === basicConstraints)?.value;
  const [constraints] = (value && derValues(value)) ?? [];
  const length = constraints && derValues(constraints.content)?.find(({ tag }) => tag === derTags.integer);
  if (length === undefined) return undefined;
  // More than any chain is long.
  return length.content.length === 1 ? (length.content[0] ?? 0) : maxCertificates;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').slice(0, 200);
}
