// Counts messages that wait, and their bytes, by a name: that of their tenant, or of their queue. Promises: a message counts from its admission,
// also after a restart, until none of its recipients is left; what is not counted costs nothing.

import type { MessageHandle } from '../schedule/types.ts';
import type { Taken } from './reserved-room.ts';

export class WaitingCounts {
  readonly #counts = new Map<string, Taken>();
  /** By message handle: what it counts to, and its size. Handles of messages that are done are used again. */
  readonly #countOf: (Taken | undefined)[] = [];
  readonly #sizeBytes: number[] = [];

  of(name: string): Readonly<Taken> {
    return this.#counts.get(name) ?? { messages: 0, bytes: 0 };
  }

  admitted(message: MessageHandle, name: string, sizeBytes: number): void {
    let taken = this.#counts.get(name);
    if (taken === undefined) {
      taken = { messages: 0, bytes: 0 };
      this.#counts.set(name, taken);
    }
    taken.messages++;
    taken.bytes += sizeBytes;
    this.#countOf[message] = taken;
    this.#sizeBytes[message] = sizeBytes;
  }

  /** @returns whether it was counted */
  done(message: MessageHandle): boolean {
    const taken = this.#countOf[message];
    if (taken === undefined) return false;
    this.#countOf[message] = undefined;
    taken.messages--;
    taken.bytes -= this.#sizeBytes[message] ?? 0;
    return true;
  }
}
