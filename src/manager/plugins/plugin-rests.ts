// Leaves a plugin alone that fails again and again, so that mail does not wait for its time limit each time. When its rest is over, one question tries it.

import type { DeliveryPlugin } from './delivery-plugin.ts';

interface Row {
  inARow: number;
  restsUntilMs: number;
  isTried: boolean;
}

export class PluginRests {
  readonly #nowMs: () => number;
  readonly #rows = new Map<string, Row>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Is it left alone now? The first that is not told so after a rest tries it. */
  rests({ name }: DeliveryPlugin): boolean {
    const row = this.#rows.get(name);
    if (row === undefined || row.restsUntilMs === -Infinity) return false;
    if (this.#nowMs() < row.restsUntilMs || row.isTried) return true;
    row.isTried = true;
    return false;
  }

  worked({ name }: DeliveryPlugin): void {
    this.#rows.delete(name);
  }

  failed({ name, breaker }: DeliveryPlugin): void {
    if (breaker === undefined) return;
    const row = this.#rows.get(name) ?? { inARow: 0, restsUntilMs: -Infinity, isTried: false };
    this.#rows.set(name, row);
    row.inARow++;
    if (row.inARow < breaker.failures) return;
    row.restsUntilMs = this.#nowMs() + breaker.restMs;
    row.isTried = false;
  }
}
