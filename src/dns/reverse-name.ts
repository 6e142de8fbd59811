// The name under which the DNS has the names of an IP address (RFC 1035 3.5, RFC 3596 2.5).

import { readAddress } from '../values/address-bits.ts';

/**
 * `1.2.0.192.in-addr.arpa` for `192.0.2.1`, also in its IPv6 form; below `ip6.arpa` for other IPv6 addresses.
 * @returns undefined when the text is not an address
 */
export function reverseName(address: string): string | undefined {
  const words = new Uint32Array(4);
  const bits = readAddress(address, words);
  if (bits === 0) return undefined;
  const first = words[0] ?? 0;
  if (bits === 32) {
    return `${first & 0xff}.${(first >>> 8) & 0xff}.${(first >>> 16) & 0xff}.${first >>> 24}.in-addr.arpa`;
  }
  const nibbles = Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
  return `${nibbles.split('').reverse().join('.')}.ip6.arpa`;
}
