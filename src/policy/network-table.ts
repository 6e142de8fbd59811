// Which of thousands of networks an address is in: one look-up for each prefix length that occurs, however many there are.

import ipaddr from 'ipaddr.js';
import type { Network } from './relay-policy.ts';

export class NetworkTable {
  /** By prefix and the first bits of the address, in hexadecimal. */
  readonly #values = new Map<string, number[]>();
  readonly #prefixes4 = new Set<number>();
  readonly #prefixes6 = new Set<number>();

  add(network: Network, value: number): void {
    const digits = digitsOf(network.address);
    // `::ffff:192.0.2.0/120` is 192.0.2.0/24 (RFC 4291 2.5.5.2).
    const isMapped = digits.length === 8 && network.address.includes(':');
    const prefix = isMapped ? Math.max(0, network.prefix - 96) : network.prefix;
    (digits.length === 8 ? this.#prefixes4 : this.#prefixes6).add(prefix);
    const key = keyOf(digits, prefix);
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }

  /** The values of all networks that the address is in; an IPv4 address that came mapped into IPv6 counts as IPv4. */
  valuesOf(address: string): ReadonlySet<number> {
    const found = new Set<number>();
    const digits = digitsOf(address);
    for (const prefix of digits.length === 8 ? this.#prefixes4 : this.#prefixes6) {
      for (const value of this.#values.get(keyOf(digits, prefix)) ?? []) found.add(value);
    }
    return found;
  }
}

/** 8 or 32 hexadecimal digits. */
function digitsOf(address: string): string {
  return Buffer.from(ipaddr.process(address).toByteArray()).toString('hex');
}

function keyOf(digits: string, prefix: number): string {
  const whole = prefix >> 2;
  const rest = prefix & 3;
  const bits = rest === 0 ? '' : (Number.parseInt(digits[whole] ?? '0', 16) >> (4 - rest)).toString(16);
  return `${digits.length}/${prefix}/${digits.slice(0, whole)}${bits}`;
}
