// Whether the certificates that a server has sent match the TLSA records of its host (RFC 7671, RFC 7672 3). No I/O: certificates,
// records and a time in, a verdict out. No certificate and no record makes it throw.

import { createHash } from 'node:crypto';
import { readCertificateParts } from '../tls/certificate-parts.ts';
import type { TlsProblem } from '../values/tls-outcome.ts';
import type { TlsaRecord } from '../values/tls-policy.ts';
import { authorityProblem } from './trust-anchor.ts';
import { matchingTypes, selectors, usages } from './usable-records.ts';

export type TlsaMatch = { readonly kind: 'dane-ee' | 'dane-ta' } | ({ readonly kind: 'failed' } & TlsProblem);

/** What is asked of the server. */
export interface TlsaDemand {
  /** Usable records. */
  readonly tlsa: readonly TlsaRecord[];
  /** For usage 2: the certificate must be for one of these names. */
  readonly names: readonly string[];
}

/**
 * Matches a chain with TLSA records: one record that matches is enough.
 *
 * @param chain certificates in DER as they were sent, the server's own first; nothing of a local store
 * @param nowMs Unix time
 */
export function matchTlsa(chain: readonly Buffer[], { tlsa, names }: TlsaDemand, nowMs: number): TlsaMatch {
  const [leaf] = chain;
  if (leaf === undefined) return failed('validation-failure', 'the server sent no certificate');
  const records = strongestDigests(tlsa);
  // RFC 7671 5.1: names, dates and issuers of the certificate do not count.
  if (records.some((record) => record.usage === usages.endEntity && isAbout(record, leaf))) {
    return { kind: 'dane-ee' };
  }
  const anchors = records.filter(({ usage }) => usage === usages.trustAnchor);
  if (anchors.length === 0) {
    return records.length === 0
      ? failed('tlsa-invalid', 'no TLSA record can be used')
      : failed('validation-failure', 'the certificate matches no TLSA record');
  }
  const problem = authorityProblem(chain, anchors, isAbout, names, nowMs);
  return problem === undefined ? { kind: 'dane-ta' } : { kind: 'failed', ...problem };
}

function failed(result: TlsProblem['result'], reason: string): TlsaMatch {
  return { kind: 'failed', result, reason };
}

/**
 * RFC 7671 9: among the digests of one usage and selector, only the strongest algorithm counts, so that a weak one can be left
 * behind. Records without a digest (type 0) always count.
 */
function strongestDigests(records: readonly TlsaRecord[]): readonly TlsaRecord[] {
  return records.filter(
    (record) =>
      record.matchingType !== matchingTypes.sha256 ||
      !records.some(
        (other) =>
          other.matchingType === matchingTypes.sha512 &&
          other.usage === record.usage &&
          other.selector === record.selector,
      ),
  );
}

/** Whether the record is about this certificate (RFC 6698 2.1.2, 2.1.3). @param certificate - in DER */
function isAbout({ selector, matchingType, data }: TlsaRecord, certificate: Buffer): boolean {
  const selected =
    selector === selectors.certificate ? certificate : readCertificateParts(certificate)?.publicKeyInfo;
  if (selected === undefined) return false;
  switch (matchingType) {
    case matchingTypes.full:
      return data === selected.toString('hex');
    case matchingTypes.sha256:
      return data === createHash('sha256').update(selected).digest('hex');
    case matchingTypes.sha512:
      return data === createHash('sha512').update(selected).digest('hex');
    default:
      return false;
  }
}
