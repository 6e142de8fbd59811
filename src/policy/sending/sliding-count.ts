// Counts events in a window that slides: how many there were in the last hour, and when there is room for more. Promises: no period as
// long as the window, whenever it begins, has more events than the limit; an event is counted for at most a sixtieth of the window longer
// than it has to be; memory does not grow with the number of events. It reads no clock.

import type { SendingQuantity } from './types.ts';

/** Events of a sixtieth of the window are counted together: for an hour, those of a minute. */
const steps = 60;

/** The form in which it is kept over a restart. */
export interface SavedCount<Quantity extends string = SendingQuantity> {
  readonly quantity: Quantity;
  readonly perMs: number;
  /** Numbers of steps and events in them, in turn; steps in order. */
  readonly steps: readonly number[];
}

/** @typeParam Quantity - the names of what is counted */
export class SlidingCount<Quantity extends string = SendingQuantity> {
  readonly quantity: Quantity;
  /** Length of the window. */
  readonly perMs: number;
  readonly #stepMs: number;
  /** The steps that have events, in order. */
  #steps: number[] = [];
  #counts: number[] = [];
  #total = 0;

  constructor(quantity: Quantity, perMs: number) {
    this.quantity = quantity;
    this.perMs = perMs;
    this.#stepMs = perMs / steps;
  }

  /** @param nowMs - what lies further ahead of it than `aheadMs` was counted with a wrong clock, and is left out */
  static restore<Quantity extends string>(
    { quantity, perMs, steps: saved }: SavedCount<Quantity>,
    nowMs: number,
    aheadMs: number,
  ): SlidingCount<Quantity> {
    const count = new SlidingCount(quantity, perMs);
    for (let at = 0; at + 1 < saved.length; at += 2) {
      const step = saved[at] ?? 0;
      if (step * count.#stepMs <= nowMs + aheadMs) count.#addTo(step, saved[at + 1] ?? 0);
    }
    return count;
  }

  /** Is there nothing that still counts? */
  isEmpty(nowMs: number): boolean {
    this.#forget(nowMs);
    return this.#total === 0;
  }

  /** Events that count now, those with a turn in future included. */
  used(nowMs: number): number {
    this.#forget(nowMs);
    return this.#total;
  }

  /** Those with a turn in future. */
  ahead(nowMs: number): number {
    let ahead = 0;
    for (let at = this.#steps.length - 1; at >= 0; at--) {
      if ((this.#steps[at] ?? 0) * this.#stepMs <= nowMs) break;
      ahead += this.#counts[at] ?? 0;
    }
    return ahead;
  }

  /**
   * When so many more events are within the limit: `nowMs` or later; Infinity when they alone exceed it. An event then is within the
   * limit at any later time, too.
   */
  freeAtMs(events: number, limit: number, nowMs: number): number {
    if (events > limit) return Infinity;
    this.#forget(nowMs);
    // From the latest step back: all that may still count beside the new events.
    let kept = events;
    for (let at = this.#steps.length - 1; at >= 0; at--) {
      kept += this.#counts[at] ?? 0;
      if (kept > limit) return this.#endMs(at);
    }
    return nowMs;
  }

  add(events: number, atMs: number): void {
    this.#addTo(Math.floor(atMs / this.#stepMs), events);
  }

  /** Takes back events that were added at this time; those that are forgotten already count no more. */
  takeBack(events: number, atMs: number): void {
    const at = this.#steps.indexOf(Math.floor(atMs / this.#stepMs));
    if (at === -1) return;
    const taken = Math.min(events, this.#counts[at] ?? 0);
    this.#counts[at] = (this.#counts[at] ?? 0) - taken;
    this.#total -= taken;
    if (this.#counts[at] !== 0) return;
    this.#steps.splice(at, 1);
    this.#counts.splice(at, 1);
  }

  save(): SavedCount<Quantity> {
    const saved = this.#steps.flatMap((step, at) => [step, this.#counts[at] ?? 0]);
    return { quantity: this.quantity, perMs: this.perMs, steps: saved };
  }

  #addTo(step: number, events: number): void {
    let at = this.#steps.length;
    while (at > 0 && (this.#steps[at - 1] ?? 0) > step) at--;
    if (at > 0 && this.#steps[at - 1] === step) this.#counts[at - 1] = (this.#counts[at - 1] ?? 0) + events;
    else {
      this.#steps.splice(at, 0, step);
      this.#counts.splice(at, 0, events);
    }
    this.#total += events;
  }

  /** When the events of a step count no more: the last of them may have come at its very end. */
  #endMs(at: number): number {
    return ((this.#steps[at] ?? 0) + 1) * this.#stepMs + this.perMs;
  }

  #forget(nowMs: number): void {
    let past = 0;
    while (past < this.#steps.length && this.#endMs(past) <= nowMs) {
      this.#total -= this.#counts[past] ?? 0;
      past++;
    }
    if (past === 0) return;
    this.#steps.splice(0, past);
    this.#counts.splice(0, past);
  }
}
