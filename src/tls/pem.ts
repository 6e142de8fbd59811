// PEM blocks (RFC 7468): the text form of certificates and keys in files.

/** One block of a file, as text. */
export interface PemBlock {
  /** Such as `CERTIFICATE` or `EC PRIVATE KEY`. */
  readonly label: string;
  readonly text: string;
}

/** All whole blocks of a text, in its order; what stands between them does not count (RFC 7468 2). */
export function pemBlocks(text: string): readonly PemBlock[] {
  const found = text.matchAll(
    /-----BEGIN (?<label>[A-Z0-9 ]+)-----(?:(?!-----)[\s\S])+-----END \k<label>-----/gu,
  );
  return Array.from(found, (match) => ({ label: match.groups?.['label'] ?? '', text: `${match[0]}\n` }));
}

/** @param der - of one certificate */
export function certificatePem(der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/gu, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
