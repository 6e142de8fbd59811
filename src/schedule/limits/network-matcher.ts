// From an IP address to the limits whose networks it is in: a binary trie over the bits of the networks (RFC 4632 5.1).
// Promises: a look-up costs one step for each bit of the longest matching network, however many networks there are.

import type { Network } from '../../values/network.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { readAddress, type AddressBits } from './ip-words.ts';

/** Roots of the two trees. */
const ipv4Root = 0;
const ipv6Root = 1;

export class NetworkMatcher {
  readonly #kind: number;
  /** Children of node n at 2n and 2n + 1; 0: none. */
  readonly #children: number[] = [0, 0, 0, 0];
  readonly #rules: (CompiledRule[] | undefined)[] = [undefined, undefined];

  constructor(kind: number) {
    this.#kind = kind;
  }

  add(networks: readonly Network[], rule: CompiledRule): void {
    for (const { address, prefix } of networks) this.#addOne(address, prefix, rule);
  }

  /** @param words - the address as `readAddress` read it, with the bits that it returned */
  match(words: Uint32Array, bits: AddressBits, lookUp: number): void {
    if (bits === 0) return;
    let node = bits === 32 ? ipv4Root : ipv6Root;
    for (let depth = 0; ; depth++) {
      const rules = this.#rules[node];
      if (rules !== undefined) for (const rule of rules) rule.matches(this.#kind, depth + 1, lookUp);
      if (depth === bits) return;
      const child = this.#children[2 * node + bitAt(words, depth)] ?? 0;
      if (child === 0) return;
      node = child;
    }
  }

  #addOne(address: string, prefix: number, rule: CompiledRule): void {
    const words = new Uint32Array(4);
    const bits = readAddress(address, words);
    let node = bits === 32 ? ipv4Root : ipv6Root;
    // ::ffff:192.0.2.0/120 is 192.0.2.0/24.
    const length = bits === 32 && address.includes(':') ? prefix - 96 : prefix;
    if (bits === 0 || length < 0) return;
    for (let depth = 0; depth < length; depth++) {
      const slot = 2 * node + bitAt(words, depth);
      let child = this.#children[slot] ?? 0;
      if (child === 0) {
        child = this.#rules.length;
        this.#rules.push(undefined);
        this.#children.push(0, 0);
        this.#children[slot] = child;
      }
      node = child;
    }
    const rules = this.#rules[node];
    if (rules === undefined) this.#rules[node] = [rule];
    else if (!rules.includes(rule)) rules.push(rule);
  }
}

function bitAt(words: Uint32Array, depth: number): number {
  return ((words[depth >>> 5] ?? 0) >>> (31 - (depth & 31))) & 1;
}
