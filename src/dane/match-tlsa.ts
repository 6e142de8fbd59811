// Whether the certificates that a server has sent match the TLSA records of its host (RFC 7671, RFC 7672 3). No I/O: certificates,
// records and a time in, a verdict out. No certificate and no record makes it throw.

import { createHash } from 'node:crypto';
import { readCertificateParts } from '../tls/certificate-parts.ts';
import type { TlsProblem } from '../values/tls-outcome.ts';
import type { TlsaRecord } from '../values/tls-policy.ts';
import { authorityProblem } from './trust-anchor.ts';
import { matchingTypes, maxRecords, selectors, usages } from './usable-records.ts';

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
  const isAbout = comparison();
  // RFC 7671 5.1: names, dates and issuers of the certificate do not count.
  if (records.some((record) => record.usage === usages.endEntity && isAbout(record, leaf))) {
    return { kind: 'dane-ee' };
  }
  const anchors = records.filter(({ usage }) => usage === usages.trustAnchor);
  if (anchors.length === 0) {
    return records.length === 0
      ? failed('tlsa-invalid', 'no TLSA record can be used')
      : failed('validation-failure', `the certificate matches no TLSA record${cutText(tlsa)}`);
  }
  const problem = authorityProblem(chain, anchors, isAbout, names, nowMs);
  if (problem === undefined) return { kind: 'dane-ta' };
  return failed(problem.result, `${problem.reason}${cutText(tlsa)}`);
}

function failed(result: TlsProblem['result'], reason: string): TlsaMatch {
  return { kind: 'failed', result, reason };
}

/** That no record matches is known of those alone that were looked at. */
function cutText(tlsa: readonly TlsaRecord[]): string {
  return tlsa.length < maxRecords ? '' : ` of the first ${maxRecords}; Sluice does not look at more`;
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

/**
 * Says whether a record is about a certificate in DER (RFC 6698 2.1.2, 2.1.3). What records are compared with is made once for each
 * certificate, because a host may have many records.
 */
function comparison(): (record: TlsaRecord, certificate: Buffer) => boolean {
  const made = new Map<Buffer, Map<string, string | undefined>>();
  return ({ selector, matchingType, data }, certificate) => {
    const ofCertificate = made.get(certificate) ?? new Map<string, string | undefined>();
    made.set(certificate, ofCertificate);
    const kind = `${selector} ${matchingType}`;
    if (!ofCertificate.has(kind))
      ofCertificate.set(kind, associationData(selector, matchingType, certificate));
    return data === ofCertificate.get(kind);
  };
}

/** What a record of this kind has to hold for this certificate, in hex; undefined for an unknown kind. */
function associationData(selector: number, matchingType: number, certificate: Buffer): string | undefined {
  const selected =
    selector === selectors.certificate ? certificate : readCertificateParts(certificate)?.publicKeyInfo;
  if (selected === undefined) return undefined;
  switch (matchingType) {
    case matchingTypes.full:
      return selected.toString('hex');
    case matchingTypes.sha256:
      return createHash('sha256').update(selected).digest('hex');
    case matchingTypes.sha512:
      return createHash('sha512').update(selected).digest('hex');
    default:
      return undefined;
  }
}
