// Measures how long each message of each tenant was on its way, from its 250 to its first arrival.

import type { Submission } from '../mx/submitter.ts';

export class Delays {
  readonly #acceptedAt = new Map<string, number>();
  readonly #arrivedAt = new Map<string, number>();

  accepted({ id }: Submission): void {
    this.#acceptedAt.set(id, performance.now());
  }

  /** The first arrival counts. */
  arrived(id: string): void {
    if (!this.#arrivedAt.has(id)) this.#arrivedAt.set(id, performance.now());
  }

  /** The longest delay of messages whose id ends with `suffix`, in ms; messages that never arrived are left out. */
  longest(suffix: string): number {
    let longest = 0;
    for (const [id, at] of this.#acceptedAt) {
      if (id.endsWith(suffix)) longest = Math.max(longest, (this.#arrivedAt.get(id) ?? at) - at);
    }
    return longest;
  }
}
