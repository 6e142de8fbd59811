// Finds all networks that an IP address is in: a binary trie over the bits of the networks (RFC 4632 5.1).
// Promises: a look-up costs one step for each bit of the longest matching network, however many networks there are, and
// allocates nothing.

import { type AddressBits, readAddress } from './address-bits.ts';
import { type Network, type NetworkBits, networkBits } from './network.ts';

/** Is called for each network that an address is in, from the widest to the narrowest. */
export interface NetworkVisitor<T> {
  /**
   * @param prefix - the length of the network's prefix; for an IPv4 network in IPv6 form, that of its IPv4 form
   * @returns whether to continue with the next network
   */
  network(value: T, prefix: number): boolean;
}

/** The root nodes of the two trees. */
const ipv4Root = 0;
const ipv6Root = 1;

/** Holds the address that is being looked up, so that a look-up allocates nothing. */
const scratch = new Uint32Array(4);

/** Networks of both IP versions with values. An IPv4-mapped IPv6 address counts as IPv4 (RFC 4291 2.5.5.2). */
export class NetworkTree<T> {
  /** The children of node n are at 2n and 2n + 1; 0 for no child. */
  readonly #children: number[] = [0, 0, 0, 0];
  readonly #values: (T[] | undefined)[] = [undefined, undefined];

  /** Adds a value to a network, which may have several different ones. Bits after the prefix do not count. */
  add(network: Network, value: T): void {
    const read = networkBits(network);
    if (read === undefined) return;
    const node = this.#nodeFor(read);
    const values = this.#values[node];
    if (values === undefined) this.#values[node] = [value];
    else if (!values.includes(value)) values.push(value);
  }

  /** @param address - a text that is not an address is in no network */
  visit(address: string, visitor: NetworkVisitor<T>): void {
    this.visitBits(scratch, readAddress(address, scratch), visitor);
  }

  /** @param words - the address as {@link readAddress} read it, with the bits that it returned */
  visitBits(words: Uint32Array, bits: AddressBits, visitor: NetworkVisitor<T>): void {
    if (bits === 0) return;
    let node = bits === 32 ? ipv4Root : ipv6Root;
    for (let depth = 0; ; depth++) {
      const values = this.#values[node];
      if (values !== undefined) {
        for (const value of values) if (!visitor.network(value, depth)) return;
      }
      if (depth === bits) return;
      const child = this.#children[2 * node + bitAt(words, depth)] ?? 0;
      if (child === 0) return;
      node = child;
    }
  }

  #nodeFor({ words, bits, length }: NetworkBits): number {
    let node = bits === 32 ? ipv4Root : ipv6Root;
    for (let depth = 0; depth < length; depth++) {
      const slot = 2 * node + bitAt(words, depth);
      let child = this.#children[slot] ?? 0;
      if (child === 0) {
        child = this.#values.length;
        this.#values.push(undefined);
        this.#children.push(0, 0);
        this.#children[slot] = child;
      }
      node = child;
    }
    return node;
  }
}

function bitAt(words: Uint32Array, depth: number): number {
  return ((words[depth >>> 5] ?? 0) >>> (31 - (depth & 31))) & 1;
}
