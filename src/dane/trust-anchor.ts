// Usage 2 (DANE-TA, RFC 7671 5.2): a TLSA record names the authority, and the server's certificate must lead up to it by signatures.
// The authority has to be in the chain that the server sent, or whole in a record; the system's authorities do not count. What
// cannot be judged here, such as name constraints, is refused.

import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  certificateProblem,
  type ChainCertificate,
  chainCertificate,
  Climb,
  forServers,
  maxCertificates,
  oneLine,
} from '../tls/certificate-chain.ts';
import type { TlsProblem } from '../values/tls-outcome.ts';
import type { TlsaRecord } from '../values/tls-policy.ts';
import { matchingTypes, selectors } from './usable-records.ts';

const noWay: TlsProblem = {
  result: 'certificate-not-trusted',
  reason: 'the chain does not lead to an authority that a TLSA record names',
};

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
  const read = (der: Buffer): ChainCertificate | undefined =>
    chainCertificate(
      der,
      anchors.some((record) => isAbout(record, der)),
    );
  const [first, ...above] = chain.slice(0, maxCertificates);
  // RFC 7671 5.2: the anchor is above the server's certificate; one that is for that certificate itself has usage 3.
  const leaf = first && chainCertificate(first, false);
  if (leaf === undefined) return { result: 'validation-failure', reason: 'the certificate cannot be read' };
  const pool = [...above, ...anchors.flatMap(wholeCertificate)]
    .map(read)
    .filter((one): one is ChainCertificate => one !== undefined);
  const keys = anchors.flatMap(wholeKey);
  if (keys.length === 0 && !pool.some(({ isAnchor }) => isAnchor)) {
    return {
      result: 'certificate-not-trusted',
      reason: 'no certificate of the chain that the server sent matches a TLSA record',
    };
  }
  return (
    // Dates and names first: they cost nothing.
    ownProblem(leaf, names, nowMs) ?? new Climb(pool, keys, forServers, noWay, nowMs).problem(leaf)
  );
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

/** RFC 7672 3.2.3: the server's certificate is for one of the names. */
function ownProblem(leaf: ChainCertificate, names: readonly string[], nowMs: number): TlsProblem | undefined {
  const isFor = (name: string): boolean =>
    leaf.x509.checkHost(name, { partialWildcards: false }) !== undefined;
  if (!names.some(isFor)) {
    const theirs = oneLine(leaf.x509.subjectAltName ?? leaf.x509.subject);
    return {
      result: 'certificate-host-mismatch',
      reason: `the certificate is not for ${names.join(' or ')}, but for ${theirs}`,
    };
  }
  return certificateProblem(leaf, 'certificate', forServers, nowMs);
}
