// Orderly stops of a simulated Sluice, in the middle of its work, and the starts that follow. What was delivered before the end
// is known afterwards.

import type { LimitBooks } from './limit-books.ts';
import type { Memory } from './memory.ts';
import type { SimProcess } from './sim-process.ts';
import type { Supervision } from './supervision.ts';
import type { Ground } from './ground.ts';

/** What is stopped and started. */
export interface Stoppable extends Pick<Ground, 'clock' | 'trace'> {
  readonly limitBooks: LimitBooks;
  readonly memory: Memory;
  readonly wellForMs: number;
  /** Undefined: the power is off. */
  readonly running: Supervision | undefined;
  start(left: readonly SimProcess[]): void;
  failed(error: unknown): void;
}

export class Restarts {
  readonly #system: Stoppable;
  /** Stops in order that were judged, and stops that came while connections were open. */
  readonly seen = { stopsInOrder: 0, stopsInWork: 0 };

  constructor(system: Stoppable) {
    this.#system = system;
  }

  restart(graceMs: number, offMs: number): void {
    const { limitBooks, running } = this.#system;
    if (running === undefined || running.isStopping) return;
    if (limitBooks.open.size > 0) this.seen.stopsInWork++;
    this.#stop(running, graceMs, offMs).catch((error: unknown) => this.#system.failed(error));
  }

  async #stop(running: Supervision, graceMs: number, offMs: number): Promise<void> {
    const system = this.#system;
    const { clock, memory } = system;
    const beganMs = clock.nowMs;
    const isInOrder = await running.stop(graceMs);
    // The supervisor was killed meanwhile, or the power cut.
    if (system.running !== running) return;
    system.trace(() => `stopped ${isInOrder ? 'in order' : 'somehow'}`);
    if (isInOrder && system.wellForMs > clock.nowMs - beganMs) {
      this.seen.stopsInOrder++;
      memory.checkRemembered(beganMs);
    }
    clock.at(clock.nowMs + offMs, () => {
      if (system.running === running) system.start(running.leftOver);
    });
  }
}
