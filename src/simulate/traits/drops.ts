// Connections that break: refused without a reason, right after the greeting, in a transaction (half of the time after the
// message was taken), or while they are idle.

import type { Random } from '../../schedule/store/random.ts';
import { Trait, type Ending, type Objection } from '../trait.ts';

/** Chances in [0, 1]. */
export interface DropOptions {
  readonly connecting: number;
  readonly ready: number;
  readonly busy: number;
  readonly idle: number;
}

const longestIdleMs = 4_000;

export class Drops extends Trait {
  readonly #options: DropOptions;
  readonly #random: Random;

  constructor(options: Partial<DropOptions>, random: Random) {
    super();
    this.#options = { connecting: 0, ready: 0, busy: 0, idle: 0, ...options };
    this.#random = random;
  }

  override connect(): Objection | undefined {
    return this.#happens(this.#options.connecting) ? { kind: 'refused', reply: '' } : undefined;
  }

  override hangsUpEarly(): boolean {
    return this.#happens(this.#options.ready);
  }

  override end(): Ending {
    if (!this.#happens(this.#options.busy)) return 'in order';
    return this.#happens(0.5) ? 'lost' : 'lost after it was taken';
  }

  override closesIdleAfterMs(): number {
    return this.#happens(this.#options.idle) ? this.#random.below(longestIdleMs) : -1;
  }

  override isGoneWhenUsed(): boolean {
    return this.#happens(this.#options.idle * 0.2);
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#random.next() < chance;
  }
}
