// The recipients that primary servers have taken, kept over restarts in the spool's folder, for the time when those servers cannot be asked. Promises:
// their number is bounded, and those that nobody has asked for lately go first; nothing waits for the file.

import { join } from 'node:path';
import { z } from 'zod';
import { RecentMap } from '../../dns/recent-map.ts';
import type { DatedClock } from '../../io/steady-clock.ts';
import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { LearnedAnswer } from '../../policy/backup/types.ts';
import type { FileLayer } from '../../spool/file-layer.ts';
import { StateFile } from '../state-file.ts';
import { StateSaver } from '../state-saver.ts';
import { learnedSchema } from '../state-schemas.ts';

const dayMs = 86_400_000;
/** A recipient whom the primary server has not taken for so long is forgotten: it may be gone. */
const keptDays = 60;
/** Some tens of bytes each. */
export const mostLearned = 200_000;
const saveIntervalMs = 10_000;

export interface LearnedMemoryParts {
  readonly folder: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  readonly clock: Pick<DatedClock, 'dateMs'>;
}

export class LearnedMemory {
  readonly #parts: LearnedMemoryParts;
  readonly #file: StateFile;
  readonly #saver: StateSaver;
  /** The day on which it was last taken, counted from 1970. */
  readonly #days = new RecentMap<string, number>(mostLearned);
  readonly #restored: Promise<void>;

  /** Begins to read what was known at the last stop. */
  constructor(parts: LearnedMemoryParts) {
    this.#parts = parts;
    const { files, timers, log } = parts;
    this.#file = new StateFile(join(parts.folder, 'learned.json'), { files });
    this.#saver = new StateSaver({
      file: this.#file,
      timers,
      log,
      what: 'recipients learned from primary servers',
      intervalMs: saveIntervalMs,
      content: () => ({ version: 2, recipients: [...this.#days.entries()] }),
    });
    this.#restored = this.#restore();
  }

  get size(): number {
    return this.#days.size;
  }

  async learned(address: string): Promise<LearnedAnswer> {
    await this.#restored;
    const day = this.#days.get(address);
    return { kind: day !== undefined && day >= this.#today - keptDays ? 'learned' : 'unlearned' };
  }

  learn(address: string, exists: boolean): void {
    const day = this.#days.get(address);
    if (!exists) {
      if (day === undefined) return;
      this.#days.delete(address);
    } else {
      if (day === this.#today) return;
      this.#days.set(address, this.#today);
    }
    this.#saver.touched();
  }

  /** Resolves when all is on stable storage. */
  async close(): Promise<void> {
    await this.#restored;
    await this.#saver.close();
  }

  get #today(): number {
    return Math.floor(this.#parts.clock.dateMs() / dayMs);
  }

  async #restore(): Promise<void> {
    try {
      const found = await this.#file.read();
      if (found === undefined) return;
      const today = this.#today;
      for (const [address, day] of learnedSchema.parse(found).recipients) {
        // A date in the future is of a clock that was wrong. What was learned meanwhile is newer.
        if (this.#days.get(address) === undefined && day >= today - keptDays)
          this.#days.set(address, Math.min(day, today));
      }
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      this.#parts.log.warn(
        `recipients at primary servers are learned anew: ${this.#file.path} cannot be read: ${reason}`,
      );
    }
  }
}
