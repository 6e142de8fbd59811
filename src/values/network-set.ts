// A set of addresses, given as networks.

import type { Network } from './network.ts';
import { NetworkTree } from './network-tree.ts';

export class NetworkSet {
  readonly #tree = new NetworkTree<true>();
  #isFound = false;

  constructor(networks: readonly Network[]) {
    for (const network of networks) this.#tree.add(network, true);
  }

  /** @param address - an IPv4 address in either form; what is none, such as the empty text, is in no set */
  has(address: string): boolean {
    this.#isFound = false;
    this.#tree.visit(address, this);
    return this.#isFound;
  }

  /** For the tree: the address is in a network. */
  network(): boolean {
    this.#isFound = true;
    return false;
  }
}
