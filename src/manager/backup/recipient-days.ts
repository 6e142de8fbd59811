// Recipients, each with the day on which something was last said of it, kept over restarts in a file in the spool's folder. Promises: their number is
// bounded, and those that nobody has asked for lately go first; nothing waits for the file.

import { join } from 'node:path';
import { z } from 'zod';
import { RecentMap } from '../../dns/recent-map.ts';
import type { DatedClock } from '../../io/steady-clock.ts';
import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { FileLayer } from '../../spool/file-layer.ts';
import { StateFile } from '../state-file.ts';
import { StateSaver } from '../state-saver.ts';
import { learnedSchema } from '../state-schemas.ts';

const dayMs = 86_400_000;
/** A recipient of whom nothing was said for so long is forgotten: it may be gone, or there by now. */
const keptDays = 60;
const saveIntervalMs = 10_000;

export interface RecipientDaysParts {
  readonly folder: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  readonly clock: Pick<DatedClock, 'dateMs'>;
}

export interface RecipientDaysPlace {
  readonly name: string;
  /** The most recipients; some tens of bytes each. */
  readonly most: number;
}

export class RecipientDays {
  readonly #parts: RecipientDaysParts;
  readonly #file: StateFile;
  readonly #saver: StateSaver;
  /** Counted from 1970. */
  readonly #days: RecentMap<string, number>;
  /** Of which something was said before the file was read. */
  readonly #removed = new Set<string>();
  #isRestored = false;
  /** Resolves when the file is read. */
  readonly restored: Promise<void>;

  /** Begins to read what was known at the last stop. */
  constructor(parts: RecipientDaysParts, { name, most }: RecipientDaysPlace) {
    this.#parts = parts;
    this.#days = new RecentMap<string, number>(most);
    const { files, timers, log } = parts;
    this.#file = new StateFile(join(parts.folder, name), { files });
    this.#saver = new StateSaver({
      file: this.#file,
      timers,
      log,
      what: 'recipients learned from primary servers',
      intervalMs: saveIntervalMs,
      content: () => ({ version: 2, recipients: [...this.#days.entries()] }),
    });
    this.restored = this.#restore();
  }

  get size(): number {
    return this.#days.size;
  }

  /** The day; undefined: it is not there, or was too long ago. */
  get(address: string): number | undefined {
    const day = this.#days.get(address);
    return day !== undefined && day >= this.#today - keptDays ? day : undefined;
  }

  /** Today it was said again. */
  set(address: string): void {
    if (this.#days.get(address) === this.#today) return;
    this.#days.set(address, this.#today);
    this.#saver.touched();
  }

  delete(address: string): void {
    if (!this.#isRestored) this.#removed.add(address);
    if (this.#days.get(address) === undefined) return;
    this.#days.delete(address);
    this.#saver.touched();
  }

  /** Resolves when all is on stable storage. */
  async close(): Promise<void> {
    await this.restored;
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
        if (this.#removed.has(address)) this.#saver.touched();
        // A date in the future is of a clock that was wrong. What was learned meanwhile is newer.
        else if (this.#days.get(address) === undefined && day >= today - keptDays)
          this.#days.set(address, Math.min(day, today));
      }
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      this.#parts.log.warn(
        `recipients at primary servers are learned anew: ${this.#file.path} cannot be read: ${reason}`,
      );
    } finally {
      this.#isRestored = true;
      this.#removed.clear();
    }
  }
}
