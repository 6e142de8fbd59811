// The recipients that are not done: 18 bytes each. A recipient always belongs to exactly one task, as part of its list.

import { Int32Column, Uint16Column } from './columns.ts';
import { Slots } from './slots.ts';

export class RecipientStore {
  /** Next recipient of the same task; -1: the last. */
  readonly next = new Int32Column();
  /** Index in the envelope. */
  readonly envelopeIndex = new Int32Column();
  readonly route = new Int32Column();
  /** Number in `RefusalForms`. */
  readonly lastRefusal = new Int32Column();
  readonly attempts = new Uint16Column();
  /** The time by the retry schedule, of recipients that are tried before it without the schedule's being changed; ms of scheduler time. */
  readonly regularMs = new Map<number, number>();
  readonly #slots = new Slots(this.next, [this.envelopeIndex, this.route, this.lastRefusal, this.attempts]);

  get live(): number {
    return this.#slots.live;
  }

  take(): number {
    return this.#slots.take();
  }

  give(recipient: number): void {
    if (this.regularMs.size > 0) this.regularMs.delete(recipient);
    this.#slots.give(recipient);
  }
}
