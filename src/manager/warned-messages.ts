// For how long each message had waited when its sender was last told of that, by the scheduler's handle: 4 bytes each.

import type { MessageHandle } from '../schedule/types.ts';

export class WarnedMessages {
  #afterMs = new Float32Array(1024);

  /**
   * A message has come, or was recovered.
   * @param isNeverWarned - as for a report, which has no sender
   * @param afterMs - as it was journaled; undefined: there was no warning
   */
  admitted(message: MessageHandle, isNeverWarned: boolean, afterMs: number | undefined): void {
    if (message >= this.#afterMs.length) this.#grow(message);
    this.#afterMs[message] = isNeverWarned ? Infinity : (afterMs ?? 0);
  }

  warned(message: MessageHandle, afterMs: number): void {
    this.#afterMs[message] = afterMs;
  }

  /** As it was journaled; undefined: its sender was not told. */
  afterMs(message: MessageHandle): number | undefined {
    const afterMs = this.#afterMs[message] ?? 0;
    return afterMs === 0 || afterMs === Infinity ? undefined : afterMs;
  }

  /** The first of these times, in rising order, of which the sender was not told; undefined: there is none. */
  nextOf(message: MessageHandle, steps: readonly number[]): number | undefined {
    const told = this.#afterMs[message] ?? 0;
    // The column keeps 24 bits of a time: the steps are compared as it would keep them.
    return steps.find((step) => Math.fround(step) > told);
  }

  #grow(message: number): void {
    const grown = new Float32Array(Math.max(this.#afterMs.length * 2, message + 1));
    grown.set(this.#afterMs);
    this.#afterMs = grown;
  }
}
