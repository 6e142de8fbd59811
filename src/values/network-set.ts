// A set of IP addresses, defined by networks.

import type { Network } from './network.ts';
import { NetworkTree } from './network-tree.ts';

export class NetworkSet {
  readonly #tree = new NetworkTree<true>();
  #isFound = false;

  constructor(networks: readonly Network[]) {
    for (const network of networks) this.#tree.add(network, true);
  }

  /** @param address - IPv4 in either form, or IPv6; any other text, such as the empty one, is in no set */
  has(address: string): boolean {
    this.#isFound = false;
    this.#tree.visit(address, this);
    return this.#isFound;
  }

  /** Called by the tree when the address is in a network. */
  network(): boolean {
    this.#isFound = true;
    return false;
  }
}
