// The client's address in the forms that mechanisms and macros need (RFC 7208 5, 7.3).

import { type AddressBits, readAddress } from '../values/address-bits.ts';
import { plainIp } from '../values/ip-address.ts';

/** An IPv4-mapped IPv6 address is the IPv4 address in it (RFC 7208 5). */
export interface ClientAddress {
  readonly family: 4 | 6;
  /** Canonical: the macro `c`. */
  readonly text: string;
  /** The macro `i`: of an IPv6 address, its nibbles with dots between them. */
  readonly dotted: string;
  readonly words: Uint32Array;
  readonly bits: 32 | 128;
}

/** @returns undefined when the text is not an address */
export function readClientAddress(ip: string): ClientAddress | undefined {
  const words = new Uint32Array(4);
  const bits: AddressBits = readAddress(ip, words);
  if (bits === 0) return undefined;
  const text = plainIp(ip);
  if (bits === 32) return { family: 4, text, dotted: text, words, bits };
  const nibbles = Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
  return { family: 6, text, dotted: nibbles.toUpperCase().split('').join('.'), words, bits };
}

const scratch = new Uint32Array(4);

/** Is an address, as text, in the network of so many bits around the client? */
export function isNear(client: ClientAddress, address: string, prefix: number): boolean {
  return readAddress(address, scratch) === client.bits && samePrefix(client.words, scratch, prefix);
}

/** Do the first bits of two addresses agree? */
export function samePrefix(one: Uint32Array, other: Uint32Array, prefix: number): boolean {
  for (let at = 0, left = prefix; left > 0; at++, left -= 32) {
    const differing = (one[at] ?? 0) ^ (other[at] ?? 0);
    if (differing >>> Math.max(0, 32 - left) !== 0) return false;
  }
  return true;
}
