// From an IP address to the limits whose networks it is in.

import type { AddressBits } from '../../values/address-bits.ts';
import type { Network } from '../../values/network.ts';
import { NetworkTree } from '../../values/network-tree.ts';
import type { CompiledRule } from './compiled-rule.ts';

export class NetworkMatcher {
  readonly #kind: number;
  readonly #rules = new NetworkTree<CompiledRule>();
  #lookUp = 0;

  constructor(kind: number) {
    this.#kind = kind;
  }

  add(networks: readonly Network[], rule: CompiledRule): void {
    for (const network of networks) this.#rules.add(network, rule);
  }

  /** @param words - the address as `readAddress` read it, with the bits that it returned */
  match(words: Uint32Array, bits: AddressBits, lookUp: number): void {
    this.#lookUp = lookUp;
    this.#rules.visitBits(words, bits, this);
  }

  /** One of the networks has the address: the narrower, the more specific. */
  network(rule: CompiledRule, prefix: number): boolean {
    rule.matches(this.#kind, prefix + 1, this.#lookUp);
    return true;
  }
}
