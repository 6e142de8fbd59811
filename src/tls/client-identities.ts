// The certificates that this host shows to servers which ask for one, as the supervisor gave them to a sender process.

import type { GivenIdentities, Identity } from './tls-material.ts';

export class ClientIdentities {
  #given: GivenIdentities = {};
  #version = 0;

  /** Replaces them all. */
  use(given: GivenIdentities): void {
    this.#given = given;
    this.#version++;
  }

  /** Another number after each change. */
  get version(): number {
    return this.#version;
  }

  /** @param file - of its chain; undefined: it is not given, or not any more */
  of(file: string): Identity | undefined {
    return this.#given[file];
  }
}
