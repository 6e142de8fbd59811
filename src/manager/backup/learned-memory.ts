// What primary servers have said of their recipients, kept over restarts in the spool's folder, for the time when those servers cannot be asked.
// Promises: the last word counts; clients that guess names push out none of the recipients that were taken.

import type { LearnedAnswer } from '../../policy/backup/types.ts';
import { RecipientDays, type RecipientDaysParts } from './recipient-days.ts';

export const mostLearned = 200_000;
/** Strangers can make them up: their file is written more often, so that they are fewer. */
export const mostUnknown = 50_000;

export class LearnedMemory {
  readonly #taken: RecipientDays;
  readonly #unknown: RecipientDays;

  /** Begins to read what was known at the last stop. */
  constructor(parts: RecipientDaysParts) {
    this.#taken = new RecipientDays(parts, { name: 'learned.json', most: mostLearned });
    this.#unknown = new RecipientDays(parts, { name: 'unknown.json', most: mostUnknown });
  }

  /** Those that were taken. */
  get size(): number {
    return this.#taken.size;
  }

  get unknownSize(): number {
    return this.#unknown.size;
  }

  async learned(address: string): Promise<LearnedAnswer> {
    await Promise.all([this.#taken.restored, this.#unknown.restored]);
    const [taken, unknown] = [this.#taken.get(address), this.#unknown.get(address)];
    // After a crash it may be in both: one of the two files was not yet written.
    if (unknown !== undefined && unknown >= (taken ?? unknown)) return { kind: 'unknown' };
    return { kind: taken === undefined ? 'unlearned' : 'learned' };
  }

  learn(address: string, exists: boolean): void {
    (exists ? this.#taken : this.#unknown).set(address);
    (exists ? this.#unknown : this.#taken).delete(address);
  }

  /** Resolves when all is on stable storage. */
  async close(): Promise<void> {
    await Promise.all([this.#taken.close(), this.#unknown.close()]);
  }
}
