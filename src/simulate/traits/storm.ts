// 421 storms: phases in which a destination turns part of its clients away, at the greeting or in a transaction.

import type { Random } from '../../schedule/store/random.ts';
import { Trait, type Objection, type Rejection, type Visit } from '../trait.ts';

export interface StormOptions {
  /** From the beginning of one storm to that of the next; Infinity: only one. */
  readonly everyMs: number;
  readonly forMs: number;
  /** Chance that a connection or transaction is hit, in [0, 1]. */
  readonly share: number;
  /** Unix ms of the first one. */
  readonly firstMs: number;
}

const reply = '421 4.7.0 Too busy, try again later';

export class Storm extends Trait {
  readonly #options: StormOptions;
  readonly #random: Random;

  constructor(options: StormOptions, random: Random) {
    super();
    this.#options = options;
    this.#random = random;
  }

  override connect(_visit: Visit, nowMs: number): Objection | undefined {
    return this.#hits(nowMs) ? { kind: 'greeting', reply } : undefined;
  }

  override transact(_visit: Visit, nowMs: number): Rejection | undefined {
    return this.#hits(nowMs) ? { reply, hangsUp: true } : undefined;
  }

  #hits(nowMs: number): boolean {
    const { everyMs, forMs, share, firstMs } = this.#options;
    const sinceMs = nowMs - firstMs;
    const inStorm = sinceMs >= 0 && (everyMs === Infinity ? sinceMs : sinceMs % everyMs) < forMs;
    return inStorm && this.#random.next() < share;
  }
}
