// Reads IP addresses from text into 32-bit words (RFC 4291 2.2).
// An IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) counts as the IPv4 address in it.

/** The bits of an address: 32 for IPv4, 128 for IPv6, 0 when the text is not an address. */
export type AddressBits = 0 | 32 | 128;

const zero = 0x30;
const dot = 0x2e;
const colon = 0x3a;

/**
 * Reads an address. A zone after it (`fe80::1%eth0`, RFC 4007 11) is skipped.
 * @param words - gets the address: one word for IPv4, four for IPv6, the first bits in the first word
 */
export function readAddress(text: string, words: Uint32Array): AddressBits {
  if (!text.includes(':')) {
    const value = readIpv4(text, 0);
    if (value === -1) return 0;
    words[0] = value;
    return 32;
  }
  const zone = text.indexOf('%');
  if (zone === -1) return readIpv6(text, words);
  return zone === text.length - 1 ? 0 : readIpv6(text.slice(0, zone), words);
}

/** The address as an unsigned number; -1 if the text from `start` on is not an IPv4 address. */
function readIpv4(text: string, start: number): number {
  let value = 0;
  let octets = 0;
  let octet = -1;
  for (let at = start; at <= text.length; at++) {
    const c = at === text.length ? dot : text.charCodeAt(at);
    if (c === dot) {
      if (octet === -1) return -1;
      value = value * 256 + octet;
      octets++;
      octet = -1;
      continue;
    }
    const digit = c - zero;
    if (digit < 0 || digit > 9) return -1;
    if (octet === 0) return -1; // some programs read an octet with a leading 0 as octal
    octet = octet === -1 ? digit : octet * 10 + digit;
    if (octet > 255) return -1;
  }
  return octets === 4 ? value : -1;
}

const groups = new Uint16Array(8);

function readIpv6(text: string, words: Uint32Array): AddressBits {
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === colon) {
    if (text.charCodeAt(1) !== colon) return 0;
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (count === 8) return 0;
    let group = 0;
    const start = at;
    let c = text.charCodeAt(at);
    while (at < text.length && c !== colon && c !== dot) {
      const digit = hexDigit(c);
      if (digit === -1 || at - start === 4) return 0;
      group = group * 16 + digit;
      at++;
      c = text.charCodeAt(at);
    }
    if (at === start) return 0;
    if (c === dot) {
      const last = readIpv4(text, start);
      if (last === -1 || count > 6) return 0;
      groups[count] = last >>> 16;
      groups[count + 1] = last & 0xffff;
      count += 2;
      break;
    }
    groups[count] = group;
    count++;
    if (at === text.length) break;
    at++;
    if (text.charCodeAt(at) === colon) {
      if (gap !== -1) return 0;
      gap = count;
      at++;
    } else if (at === text.length) return 0;
  }
  if (gap === -1 ? count !== 8 : count > 7) return 0;
  if (gap !== -1) {
    const afterGap = count - gap;
    groups.copyWithin(8 - afterGap, gap, count);
    groups.fill(0, gap, 8 - afterGap);
  }
  for (let word = 0; word < 4; word++) {
    words[word] = ((groups[2 * word] ?? 0) * 0x10000 + (groups[2 * word + 1] ?? 0)) >>> 0;
  }
  if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) return 128;
  words[0] = words[3] ?? 0;
  return 32;
}

function hexDigit(c: number): number {
  if (c >= zero && c <= 0x39) return c - zero;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
