// How certificates are shown to people.

import type { CertificateFacts } from '../tls/certificate-facts.ts';
import { age } from './text-table.ts';

type Row = readonly [name: string, value: string];

/** @param key - type and size */
export function certificateRows(
  certificate: Omit<CertificateFacts, 'file' | 'keyType' | 'keySize'>,
  key: string,
  nowMs: number,
): readonly Row[] {
  const { names, issuer, fingerprint, keyFingerprint } = certificate;
  return [
    ...(names.length === 0 ? [] : [['names', names.join(', ')] as const]),
    ['key', key],
    ['issued by', issuer],
    ['valid', validityText(certificate, nowMs)],
    ['sha256', fingerprint],
    // RFC 7672 3.1.1: usage 3, selector 1, matching type 1 outlive a renewal with the same key.
    ['TLSA', `3 1 1 ${keyFingerprint}`],
  ];
}

export function rowsText(rows: readonly Row[]): string {
  return rows.map(([name, value]) => `  ${name.padEnd(9)}  ${value}\n`).join('');
}

function validityText(
  { fromMs, untilMs }: Pick<CertificateFacts, 'fromMs' | 'untilMs'>,
  nowMs: number,
): string {
  const [from, until] = [fromMs, untilMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  if (untilMs <= nowMs) return `EXPIRED on ${until}, ${age(nowMs - untilMs)} ago`;
  if (fromMs > nowMs) return `NOT BEFORE ${from}`;
  return `until ${until}, for ${age(untilMs - nowMs)}`;
}
