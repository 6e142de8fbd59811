// Reads out of a certificate what people and troubles say about it.

import { createHash, type X509Certificate } from 'node:crypto';
import type { CertificateFacts } from './certificate-facts.ts';

/** What a certificate itself says. */
export type DescribedCertificate = Omit<CertificateFacts, 'file' | 'keyType'>;

export function describeCertificate(certificate: X509Certificate): DescribedCertificate {
  const { publicKey } = certificate;
  return {
    names: namesOf(certificate),
    keySize: keySizeOf(publicKey.asymmetricKeyDetails),
    issuer: commonName(certificate.issuer),
    fromMs: certificate.validFromDate.getTime(),
    untilMs: certificate.validToDate.getTime(),
    fingerprint: sha256(certificate.raw),
    keyFingerprint: sha256(publicKey.export({ type: 'spki', format: 'der' })),
  };
}

function keySizeOf(details: X509Certificate['publicKey']['asymmetricKeyDetails']): string {
  const { namedCurve, modulusLength } = details ?? {};
  if (namedCurve !== undefined) return curveNames.get(namedCurve) ?? namedCurve;
  return modulusLength === undefined ? 'of a fixed size' : `${modulusLength} bits`;
}

/** The DNS names of a certificate; its common name where it has none, as old certificates do. */
function namesOf(leaf: X509Certificate): readonly string[] {
  const listed = (leaf.subjectAltName ?? '')
    .split(', ')
    .flatMap((each) => (each.startsWith('DNS:') ? [each.slice('DNS:'.length).toLowerCase()] : []));
  const names = listed.length > 0 ? listed : [commonName(leaf.subject).toLowerCase()];
  return names.filter((name) => /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/u.test(name));
}

/** The names that people use for curves, by those of OpenSSL. */
const curveNames: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
]);

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param name - as Node writes it: one attribute on each line */
export function commonName(name: string): string {
  const lines = name.split('\n');
  return lines.find((line) => line.startsWith('CN='))?.slice('CN='.length) ?? lines.join(', ');
}
