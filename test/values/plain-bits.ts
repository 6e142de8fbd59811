// Addresses and networks as texts of bits, computed in a simple way with ipaddr.js, to compare the fast code with.

import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import type { Network } from '../../src/values/network.ts';

/** ipaddr.js takes `::192.0.2.1` for an IPv4-mapped address; in the form that the URL parser gives it, it does not. */
export function canonical(text: string): ReturnType<typeof ipaddr.process> {
  const [plain = ''] = text.split('%');
  return ipaddr.process(plain.includes(':') ? new URL(`http://[${plain}]/`).hostname.slice(1, -1) : plain);
}

/** 32 or 128 digits; an IPv4 address in IPv6 form has 32. */
export function plainBits(text: string): string {
  return bitsOf(canonical(text).toByteArray());
}

/** The bits that all its addresses begin with, and the IP version that they are of. */
export function plainNetwork({ address, prefix }: Network): { version: 4 | 6; begin: string } {
  const bits = plainBits(address);
  if (bits.length === 128) return { version: 6, begin: bits.slice(0, prefix) };
  if (!address.includes(':')) return { version: 4, begin: bits.slice(0, prefix) };
  if (prefix >= 96) return { version: 4, begin: bits.slice(0, prefix - 96) };
  return { version: 6, begin: `${'0'.repeat(80)}${'1'.repeat(16)}${bits}`.slice(0, prefix) };
}

export function plainlyIn(network: Network, address: string): boolean {
  const { version, begin } = plainNetwork(network);
  const bits = plainBits(address);
  return bits.length === (version === 4 ? 32 : 128) && bits.startsWith(begin);
}

function bitsOf(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

/** Few bits differ, so that networks hold one another; both versions, and IPv4 in IPv6 form. */
const quads = fc
  .tuple(...[10, 0, 0, 0].map((most) => fc.constantFrom(most, 0, 1, 128, 255)))
  .map((parts) => parts.join('.'));
const groups = fc
  .array(fc.constantFrom('0', '1', '2001', '8000', 'ffff', 'FFFE'), { minLength: 8, maxLength: 8 })
  .map((parts) => parts.join(':'));

export const someAddress = fc.oneof(
  quads,
  quads.map((quad) => `::ffff:${quad}`),
  quads.map((quad) => `0:0:0::FFFF:${quad}`),
  groups,
  groups.map((text) => `${text}%eth0`),
  fc.constantFrom('::', '::1', '2001:db8::', '0.0.0.0', '255.255.255.255'),
  fc.ipV4(),
  fc.ipV6(),
);

/** With bits behind the prefix, too: they do not count. */
export const someNetwork: fc.Arbitrary<Network> = someAddress
  .filter((address) => !address.includes('%'))
  .chain((address) => {
    const bits = address.includes(':') ? 128 : 32;
    const prefix = fc.oneof(fc.constantFrom(0, 1, 8, 24, 32, bits), fc.integer({ min: 0, max: bits }));
    return fc.record({ address: fc.constant(address), prefix });
  });
