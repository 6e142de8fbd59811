// Networks in CIDR form (RFC 4632, RFC 4291 2.3): "192.0.2.0/24", "2001:db8::/32", or one address.

import ipaddr from 'ipaddr.js';

import { ValueError } from './value-error.ts';

/** All addresses whose first `prefix` bits are those of `address`. */
export interface Network {
  /** The first address, in canonical text. */
  readonly address: string;
  readonly prefix: number;
}

/**
 * Reads a network.
 * @throws {ValueError} when it is not one, or has bits set behind its prefix.
 */
export function parseNetwork(text: string): Network {
  const slash = text.indexOf('/');
  const addressText = slash === -1 ? text : text.slice(0, slash);
  const isV4 = ipaddr.IPv4.isValidFourPartDecimal(addressText);
  if (!isV4 && (!ipaddr.IPv6.isValid(addressText) || addressText.includes('%'))) {
    throw new ValueError(`"${text}" is not a network, e.g. "192.0.2.0/24" or "2001:db8::/32"`);
  }
  const address = ipaddr.parse(addressText);
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

/** Is every address of `inner` (a network, or one address in canonical text) in `outer`? */
export function contains(outer: Network, inner: Network | string): boolean {
  const { address, prefix } = typeof inner === 'string' ? parseNetwork(inner) : inner;
  const [first, second] = [ipaddr.parse(outer.address), ipaddr.parse(address)];
  return first.kind() === second.kind() && outer.prefix <= prefix && second.match(first, outer.prefix);
}
