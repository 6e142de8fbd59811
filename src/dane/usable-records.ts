// Which TLSA records of an answer can be used for SMTP (RFC 7672 3.1, RFC 7671 4). Pure.

import { createPublicKey, X509Certificate } from 'node:crypto';
import type { TlsaRecord } from '../values/tls-policy.ts';

/** RFC 7672 3.1: usages 0 and 1 cannot be relied on with SMTP, and are unusable. */
export const usages = { trustAnchor: 2, endEntity: 3 } as const;
export const selectors = { certificate: 0, publicKey: 1 } as const;
export const matchingTypes = { full: 0, sha256: 1, sha512: 2 } as const;

/** Most usable records of one host that are looked at. A server that changes its key has about four. */
export const maxRecords = 200;

/**
 * The records that can be used, each once, in an order of their own: name servers rotate theirs, and which records are looked at must not
 * change from one answer to the next.
 */
export function usableRecords(records: readonly TlsaRecord[]): TlsaRecord[] {
  const byText = new Map(records.map((record) => [textOf(record), record]));
  const usable: TlsaRecord[] = [];
  for (const text of [...byText.keys()].sort()) {
    if (usable.length === maxRecords) break;
    const record = byText.get(text);
    if (record !== undefined && isUsable(record)) usable.push(record);
  }
  return usable;
}

function textOf({ usage, selector, matchingType, data }: TlsaRecord): string {
  return `${usage} ${selector} ${matchingType} ${data}`;
}

function isUsable({ usage, selector, matchingType, data }: TlsaRecord): boolean {
  if (usage !== usages.trustAnchor && usage !== usages.endEntity) return false;
  if (selector !== selectors.certificate && selector !== selectors.publicKey) return false;
  switch (matchingType) {
    case matchingTypes.full:
      return selector === selectors.certificate ? isCertificate(data) : isPublicKey(data);
    // In hex, two characters stand for an octet.
    case matchingTypes.sha256:
      return data.length === 64;
    case matchingTypes.sha512:
      return data.length === 128;
    default:
      return false;
  }
}

function isCertificate(hex: string): boolean {
  try {
    const der = Buffer.from(hex, 'hex');
    // Node also takes PEM, and bytes behind the certificate.
    return der.length > 0 && new X509Certificate(der).raw.equals(der);
  } catch {
    return false;
  }
}

function isPublicKey(hex: string): boolean {
  try {
    createPublicKey({ key: Buffer.from(hex, 'hex'), format: 'der', type: 'spki' });
    return true;
  } catch {
    return false;
  }
}
