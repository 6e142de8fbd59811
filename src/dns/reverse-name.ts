// The name under which the DNS has the names of an IP address (RFC 1035 3.5, RFC 3596 2.5).

import { readAddress } from '../values/address-bits.ts';

/**
 * `1.2.0.192.in-addr.arpa` for `192.0.2.1`, also in its IPv6 form; below `ip6.arpa` for other IPv6 addresses.
 * @returns undefined when the text is not an address
 */
export function reverseName(address: string): string | undefined {
  const reversed = reversedAddress(address);
  return reversed && `${reversed.labels}.${reversed.family === 4 ? 'in-addr' : 'ip6'}.arpa`;
}

/**
 * `1.2.0.192` for `192.0.2.1`, also in its IPv6 form; 32 reversed nibbles for other IPv6 addresses: what stands before the zone also in DNS
 * lists (RFC 5782 2.1, 2.4).
 * @returns undefined when the text is not an address
 */
export function reversedAddress(
  address: string,
): { readonly labels: string; readonly family: 4 | 6 } | undefined {
  const words = new Uint32Array(4);
  const bits = readAddress(address, words);
  if (bits === 0) return undefined;
  const first = words[0] ?? 0;
  if (bits === 32) {
    const octets = [first & 0xff, (first >>> 8) & 0xff, (first >>> 16) & 0xff, first >>> 24];
    return { labels: octets.join('.'), family: 4 };
  }
  const nibbles = Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
  return { labels: nibbles.split('').reverse().join('.'), family: 6 };
}
