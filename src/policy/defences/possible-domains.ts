// The domains of addresses that any program may read in a malformed text: with or without quotes, brackets and comments, and with encoded words
// (RFC 2047) decoded where they do not belong.

import { normalizeDomain } from '../../address/domain.ts';

/** Takes time in proportion to the length. @returns in normal form, with those that only some programs read */
export function possibleDomains(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => {
    const decoded = withWordsDecoded(text);
    const bare = decoded.replaceAll(/\([^()]*\)|["\\[\]]/gu, '');
    return [...new Set([text, decoded, bare])].flatMap(domainsIn);
  });
}

function domainsIn(text: string): readonly string[] {
  return [...text.matchAll(/@([^\s\0-\x1f\x7f@<>()",:;\\]+)/gu)].flatMap(
    ([, domain = '']) => normalizeDomain(domain) ?? [],
  );
}

function withWordsDecoded(text: string): string {
  if (!text.includes('=?')) return text;
  // RFC 2047 6.2: blanks between two encoded words are not shown.
  return text
    .replaceAll(/\?=\s+=\?/gu, '?==?')
    .replaceAll(/=\?[^?\s]{1,100}\?([bq])\?([^?]*)\?=/giu, (_word, encoding: string, data: string) =>
      (encoding.toLowerCase() === 'b' ? Buffer.from(data, 'base64') : quotedBytes(data)).toString('utf8'),
    );
}

/** RFC 2047 4.2. */
function quotedBytes(data: string): Buffer {
  const text = data
    .replaceAll('_', ' ')
    .replaceAll(/=([0-9A-F]{2})/giu, (_code, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
  return Buffer.from(text, 'latin1');
}
