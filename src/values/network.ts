// Networks in CIDR form (RFC 4632, RFC 4291 2.3): "192.0.2.0/24", "2001:db8::/32", or one address.

import ipaddr from 'ipaddr.js';

import { readAddress } from './address-bits.ts';
import { parseIpAddress } from './ip-address.ts';
import { ValueError } from './value-error.ts';

/** All addresses whose first `prefix` bits are those of `address`. */
export interface Network {
  /** The first address, in canonical text. */
  readonly address: string;
  readonly prefix: number;
}

const ownNetworks: readonly Network[] = [
  { address: '127.0.0.0', prefix: 8 },
  { address: 'fc00::', prefix: 7 },
];

/** A network as numbers. */
export interface NetworkBits {
  readonly words: Uint32Array;
  readonly bits: 32 | 128;
  /** The length of the prefix. */
  readonly length: number;
}

/**
 * Reads a network.
 * @throws {ValueError} when it is not one, or has bits set after its prefix.
 */
export function parseNetwork(text: string): Network {
  const slash = text.indexOf('/');
  const plain = plainIpv4(text, slash);
  if (plain !== undefined) return plain;
  const addressText = slash === -1 ? text : text.slice(0, slash);
  const address = parseIpAddress(addressText);
  if (address === undefined) {
    throw new ValueError(`"${text}" is not a network, e.g. "192.0.2.0/24" or "2001:db8::/32"`);
  }
  const isV4 = address instanceof ipaddr.IPv4;
  const bits = isV4 ? 32 : 128;
  const prefixText = slash === -1 ? String(bits) : text.slice(slash + 1);
  const prefix = Number(prefixText);
  if (!/^\d{1,3}$/.test(prefixText) || prefix > bits) {
    throw new ValueError(`"${text}": the prefix after / is a number from 0 to ${bits}`);
  }
  const first = (isV4 ? ipaddr.IPv4 : ipaddr.IPv6)
    .networkAddressFromCIDR(`${addressText}/${prefix}`)
    .toString();
  if (first !== address.toString()) {
    throw new ValueError(`"${text}" has bits set behind its prefix; did you mean "${first}/${prefix}"?`);
  }
  return { address: first, prefix };
}

const scratch = new Uint32Array(4);

/** The usual form, without the objects that the library makes: tables have a hundred thousand of them. Undefined for any other text. */
function plainIpv4(text: string, slash: number): Network | undefined {
  const address = slash === -1 ? text : text.slice(0, slash);
  if (readAddress(address, scratch) !== 32 || address.includes(':')) return undefined;
  if (slash === -1) return { address, prefix: 32 };
  const prefix = Number(text.slice(slash + 1));
  if (!/^\/\d{1,2}$/u.test(text.slice(slash)) || prefix > 32) return undefined;
  const hasMore = prefix < 32 && ((scratch[0] ?? 0) << prefix) >>> 0 !== 0;
  return hasMore ? undefined : { address, prefix };
}

/** Writes a network in the form that `parseNetwork` reads; one address is written without a prefix. */
export function formatNetwork({ address, prefix }: Network): string {
  return prefix === (address.includes(':') ? 128 : 32) ? address : `${address}/${prefix}`;
}

/** Reads a network into numbers; IPv4 in IPv6 form (RFC 4291 2.5.5.2) becomes IPv4. Undefined for an invalid address. */
export function networkBits({ address, prefix }: Network): NetworkBits | undefined {
  const words = new Uint32Array(4);
  const bits = readAddress(address, words);
  if (bits === 0) return undefined;
  if (bits === 128 || !address.includes(':')) return { words, bits, length: prefix };
  // ::ffff:192.0.2.0/120 is 192.0.2.0/24.
  if (prefix >= 96) return { words, bits, length: prefix - 96 };
  // A shorter prefix contains more than the IPv4-mapped addresses: it is an IPv6 network, and its first 64 bits are 0.
  words[0] = 0;
  return { words, bits: 128, length: prefix };
}

/** Is every address of `inner` (a network, or one address) in `outer`? */
export function contains(outer: Network, inner: Network | string): boolean {
  const wide = networkBits(outer);
  // All bits of an address count; 128 is enough for both versions.
  const narrow = networkBits(typeof inner === 'string' ? { address: inner, prefix: 128 } : inner);
  if (wide === undefined || narrow === undefined || wide.bits !== narrow.bits) return false;
  if (wide.length > narrow.length) return false;
  for (let at = 0, left = wide.length; left > 0; at++, left -= 32) {
    const differing = (wide.words[at] ?? 0) ^ (narrow.words[at] ?? 0);
    if (differing >>> Math.max(0, 32 - left) !== 0) return false;
  }
  return true;
}

/** Is it larger than the largest private networks, 10.0.0.0/8 (RFC 1918 3) and fc00::/7 (RFC 4193 3.1), and none of our own? */
export function isLargeNetwork(network: Network): boolean {
  if (ownNetworks.some((own) => contains(own, network))) return false;
  const bits = networkBits(network);
  return bits !== undefined && bits.length < (bits.bits === 32 ? 8 : 16);
}

/** The /24 or /64 that an address is in: `192.0.2.0/24`, `2001:db8:1:2::/64`; the text itself when it is no address. */
export function networkAround(ip: string): string {
  const words = new Uint32Array(4);
  const bits = readAddress(ip, words);
  return bits === 0 ? ip : networkAroundBits(words, bits);
}

/**
 * The /24 or /64 that an address is in, from its numbers.
 * @param words - as {@link readAddress} filled them
 */
export function networkAroundBits(words: Uint32Array, bits: 32 | 128): string {
  const first = words[0] ?? 0;
  if (bits === 32) return `${first >>> 24}.${(first >>> 16) & 0xff}.${(first >>> 8) & 0xff}.0/24`;
  // RFC 5952 4.2.3: the last four groups are zeros, so the run that is shortened to "::" is always at the end.
  const second = words[1] ?? 0;
  const groups = [first >>> 16, first & 0xffff, second >>> 16, second & 0xffff];
  let shown = 4;
  while (shown > 0 && groups[shown - 1] === 0) shown--;
  let network = '';
  for (let at = 0; at < shown; at++) network += `${at === 0 ? '' : ':'}${(groups[at] ?? 0).toString(16)}`;
  return `${network}::/64`;
}
