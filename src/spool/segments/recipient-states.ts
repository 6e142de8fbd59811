// The states of recipients: one block of rows in typed arrays for each message, 17 bytes for each recipient. A message
// that was never tried has no block.

import type { LastRefusal } from '../../message/refusal-form.ts';
import { RefusalForms } from './refusal-forms.ts';

const firstCapacity = 1024;

export class RecipientStates {
  readonly refusals = new RefusalForms();
  #done = new Uint8Array(firstCapacity);
  #attempts = new Uint32Array(firstCapacity);
  #nextAttemptAtMs = new Float64Array(firstCapacity);
  #refusal = new Uint32Array(firstCapacity);
  #used = 0;
  /** Free blocks by their size. */
  readonly #free = new Map<number, number[]>();

  /** Allocates a block for `count` recipients that were not tried yet; returns its base. */
  allocate(count: number): number {
    const reused = this.#free.get(count)?.pop();
    if (reused !== undefined) return reused;
    const base = this.#used;
    this.#used += count;
    if (this.#used > this.#done.length) this.#grow(Math.max(this.#used, this.#done.length * 2));
    return base;
  }

  #grow(capacity: number): void {
    const done = new Uint8Array(capacity);
    const attempts = new Uint32Array(capacity);
    const nextAttemptAtMs = new Float64Array(capacity);
    const refusal = new Uint32Array(capacity);
    done.set(this.#done);
    attempts.set(this.#attempts);
    nextAttemptAtMs.set(this.#nextAttemptAtMs);
    refusal.set(this.#refusal);
    this.#done = done;
    this.#attempts = attempts;
    this.#nextAttemptAtMs = nextAttemptAtMs;
    this.#refusal = refusal;
  }

  free(base: number, count: number): void {
    for (let at = base; at < base + count; at++) this.#clear(at);
    const blocks = this.#free.get(count);
    if (blocks === undefined) this.#free.set(count, [base]);
    else blocks.push(base);
  }

  #clear(at: number): void {
    this.refusals.release(this.#refusal[at] ?? 0);
    this.#done[at] = 0;
    this.#attempts[at] = 0;
    this.#nextAttemptAtMs[at] = 0;
    this.#refusal[at] = 0;
  }

  /** Moves the states to a block of another size and returns its base. States that do not fit are dropped. */
  resize(base: number, count: number, newCount: number): number {
    const moved = this.allocate(newCount);
    for (let index = 0; index < Math.min(count, newCount); index++) {
      this.#done[moved + index] = this.#done[base + index] ?? 0;
      this.#attempts[moved + index] = this.#attempts[base + index] ?? 0;
      this.#nextAttemptAtMs[moved + index] = this.#nextAttemptAtMs[base + index] ?? 0;
      this.#refusal[moved + index] = this.#refusal[base + index] ?? 0;
      this.#refusal[base + index] = 0;
    }
    this.free(base, count);
    return moved;
  }

  isDone(at: number): boolean {
    return this.#done[at] === 1;
  }

  attempts(at: number): number {
    return this.#attempts[at] ?? 0;
  }

  nextAttemptAtMs(at: number): number {
    return this.#nextAttemptAtMs[at] ?? 0;
  }

  /** Number of the last refusal in `refusals`; 0: none. */
  refusal(at: number): number {
    return this.#refusal[at] ?? 0;
  }

  setDone(at: number): void {
    this.#clear(at);
    this.#done[at] = 1;
  }

  setDeferred(at: number, attempts: number, nextAttemptAtMs: number, refusal: LastRefusal): void {
    const number = this.refusals.retain(refusal);
    this.refusals.release(this.#refusal[at] ?? 0);
    this.#attempts[at] = attempts;
    this.#nextAttemptAtMs[at] = nextAttemptAtMs;
    this.#refusal[at] = number;
  }
}
