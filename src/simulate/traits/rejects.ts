// Recipients that are rejected as unknown, or tempfailed at random.

import type { Random } from '../../schedule/store/random.ts';
import { Trait } from '../trait.ts';

export class Rejects extends Trait {
  readonly #unknown: number;
  readonly #deferred: number;
  readonly #random: Random;

  /** Both are chances in [0, 1], for each recipient and each attempt. */
  constructor(unknown: number, deferred: number, random: Random) {
    super();
    this.#unknown = unknown;
    this.#deferred = deferred;
    this.#random = random;
  }

  override judge(): string {
    const chance = this.#random.next();
    if (chance < this.#unknown) return '550 5.1.1 No such user here';
    return chance < this.#unknown + this.#deferred ? '451 4.3.0 Temporary local problem' : '';
  }
}
