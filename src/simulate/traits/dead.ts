// Hosts that are not there: the port is closed, or nothing answers at all, always or for a time.

import { Trait, type Objection, type Visit } from '../trait.ts';

export interface DeadOptions {
  readonly how: 'refused' | 'silent';
  /** Unix ms. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export class Dead extends Trait {
  readonly #options: DeadOptions;

  constructor(options: DeadOptions) {
    super();
    this.#options = options;
  }

  override connect(_visit: Visit, nowMs: number): Objection | undefined {
    const { how, fromMs, untilMs } = this.#options;
    return nowMs >= fromMs && nowMs < untilMs ? { kind: how, reply: '' } : undefined;
  }
}
