// Several witnesses of one simulation in one: it passes every call on to each of them, in their order.

import type { Effect, RecipientResult } from '../../src/schedule/types.ts';
import type { Objection, Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';

export class Panel extends Witness {
  readonly #all: readonly Witness[];

  constructor(all: readonly Witness[]) {
    super();
    this.#all = all;
  }

  override effect(effect: Effect, nowMs: number): void {
    for (const each of this.#all) each.effect(effect, nowMs);
  }

  override opened(visit: Visit, nowMs: number): void {
    for (const each of this.#all) each.opened(visit, nowMs);
  }

  override refused(visit: Visit, objection: Objection | undefined, nowMs: number): void {
    for (const each of this.#all) each.refused(visit, objection, nowMs);
  }

  override closed(visit: Visit, nowMs: number): void {
    for (const each of this.#all) each.closed(visit, nowMs);
  }

  override granted(
    visit: Visit,
    message: number,
    recipients: readonly number[],
    first: boolean,
    nowMs: number,
  ): void {
    for (const each of this.#all) each.granted(visit, message, recipients, first, nowMs);
  }

  override unsent(visit: Visit, message: number, recipients: readonly number[], nowMs: number): void {
    for (const each of this.#all) each.unsent(visit, message, recipients, nowMs);
  }

  override answered(visit: Visit, message: number, results: readonly RecipientResult[], nowMs: number): void {
    for (const each of this.#all) each.answered(visit, message, results, nowMs);
  }

  override took(visit: Visit, message: number, recipient: number, heard: boolean, nowMs: number): void {
    for (const each of this.#all) each.took(visit, message, recipient, heard, nowMs);
  }

  override deferred(message: number, effect: Extract<Effect, { kind: 'deferred' }>, nowMs: number): void {
    for (const each of this.#all) each.deferred(message, effect, nowMs);
  }

  override delivered(message: number, recipient: number, nowMs: number): void {
    for (const each of this.#all) each.delivered(message, recipient, nowMs);
  }

  override failed(message: number, effect: Extract<Effect, { kind: 'failed' }>, nowMs: number): void {
    for (const each of this.#all) each.failed(message, effect, nowMs);
  }

  override done(message: number, nowMs: number): void {
    for (const each of this.#all) each.done(message, nowMs);
  }

  override settled(nowMs: number): void {
    for (const each of this.#all) each.settled(nowMs);
  }
}
