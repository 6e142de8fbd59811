// The domains of addresses that any program may read in a malformed text: with or without quotes, brackets and comments, and with encoded words
// (RFC 2047) decoded where they do not belong.

import { normalizeDomain } from '../../address/domain.ts';

/**
 * May some program read another domain in this address? Some decode what is no encoded word, since it stands in an address, and some take a sign that
 * looks like an "@" for one.
 */
export function isReadInWays(address: string): boolean {
  return address.includes('=?') || likeAt.test(address);
}

/** Takes time in proportion to the length. @returns in normal form, with those that only some programs read */
export function possibleDomains(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => {
    const decoded = withWordsDecoded(text).replaceAll(likeAts, '@');
    const bare = decoded.replaceAll(/\([^()]*\)|["\\[\]]/gu, '');
    // Some programs drop bytes that nobody sees. UTF-16 and UTF-32 in an encoded word are ASCII with such bytes.
    const visible = bare.replaceAll(unseen, '');
    return [...new Set([text, decoded, bare, visible])].flatMap(domainsIn);
  });
}

/** U+FE6B and U+FF20, which are "@" by their compatibility decomposition. */
const likeAt = /[\ufe6b\uff20]/u;
const likeAts = /[\ufe6b\uff20]/gu;
/** Controls but for tabs and line ends. */
const unseen = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/gu;

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
    .replaceAll(
      /=\?([^?\s]{1,100})\?([bq])\?([^?]*)\?=/giu,
      (_word, charset: string, encoding: string, data: string) => {
        const bytes = encoding.toLowerCase() === 'b' ? Buffer.from(data, 'base64') : quotedBytes(data);
        const decoded = bytes.toString('utf8');
        return /utf-?7/iu.test(charset) ? fromUtf7(decoded) : decoded;
      },
    );
}

/** RFC 2152: "+", UTF-16 in base64, and perhaps "-". */
function fromUtf7(text: string): string {
  return text.replaceAll(/\+([A-Za-z0-9+/]*)-?/gu, (_shifted, data: string) =>
    data === '' ? '+' : new TextDecoder('utf-16be').decode(Buffer.from(data, 'base64')),
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
