// The file of operators' overrides, with a copy. Promises: an override that was confirmed to an operator is there at the next
// start; a file that cannot be read stops no start, is kept for people to look at, and stays a trouble until an operator acts.

import { z } from 'zod';
import type { Override } from '../control/override.ts';
import type { Logger } from '../log/logger.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import type { Troubles } from '../stats/troubles.ts';
import { isOver } from './ending-list.ts';
import { endText } from './override-words.ts';
import { StateFile } from './state-file.ts';
import { overridesSchema } from './state-schemas.ts';

/** What is in the file. */
export interface KeptOverrides {
  readonly nextId: number;
  readonly overrides: readonly Override[];
}

export interface OverridesFileParts {
  readonly path: string;
  readonly files: FileLayer;
  readonly log: Logger;
  /** The date without steps of the clock that are in doubt: such a step ends nothing. */
  readonly dateMs: () => number;
  /** The date by which overrides end; it differs from `dateMs` after a start under a clock that is in doubt. */
  readonly endsMs: () => number;
  readonly troubles?: Troubles | undefined;
}

export class OverridesFile {
  readonly #parts: OverridesFileParts;
  readonly #file: StateFile;
  #isUnreadable = false;

  constructor(parts: OverridesFileParts) {
    this.#parts = parts;
    this.#file = new StateFile(parts.path, { hasCopy: true, files: parts.files });
  }

  get path(): string {
    return this.#file.path;
  }

  /** File and copy were damaged, and nothing has been stored since then. */
  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  /** Reads the overrides that were in force at the last stop and have not ended since then. */
  async read(): Promise<KeptOverrides> {
    try {
      const found = await this.#file.read();
      if (found === undefined) {
        const aside = await this.#file.movedAside();
        if (aside !== undefined) this.#tellUnreadable('it was damaged at an earlier start', aside);
        return noOverrides;
      }
      const { nextId, overrides } = overridesSchema.parse(found);
      const now = this.#parts.endsMs();
      // A file that was edited by hand may have a `nextId` that is in use.
      const highest = overrides.reduce((most, { id }) => Math.max(most, Number(id)), 0);
      const kept: KeptOverrides = {
        nextId: Math.max(nextId, highest + 1),
        overrides: overrides.filter((each) => !isOver(each, now)),
      };
      if (this.#file.damage !== undefined) await this.#repair(this.#file.damage, kept);
      const ended = overrides.filter((each) => isOver(each, now));
      for (const { kind, target, untilMs = now } of ended) {
        this.#parts.log.info(
          `its time was over at ${new Date(untilMs).toISOString()}, before this start: Sluice ${endText(kind)} ${target}`,
        );
      }
      // So that they are logged only once. If the write fails, they are left out again at the next start.
      if (ended.length > 0) await this.#replace(kept).catch(() => undefined);
      if (kept.overrides.length > 0) {
        this.#parts.log.info(
          `operators' overrides in force: ${kept.overrides.map((each) => each.target).join(', ')}`,
        );
      }
      return kept;
    } catch (error) {
      await this.#putAside(error);
      return noOverrides;
    }
  }

  /** Resolves when these are on stable storage. @throws the system's error: then the earlier ones are still there */
  async store(kept: KeptOverrides): Promise<void> {
    await this.#replace(kept);
    this.#isUnreadable = false;
    this.#parts.troubles?.clear('damage:overrides');
  }

  /** The copy was complete: keeps the damaged file for people to look at, and writes the file again. */
  async #repair(damage: string, kept: KeptOverrides): Promise<void> {
    const aside = await this.#file.moveAside(this.#parts.dateMs()).catch(() => this.#file.path);
    this.#parts.log.warn(
      `${this.#file.path} was damaged or gone (${damage}); its copy was used, and what was left of it is kept as ${aside}`,
      { code: 'OVERRIDES_REPAIRED' },
    );
    // If this fails, the copy is still there.
    await this.#replace(kept).catch(() => undefined);
  }

  async #putAside(error: unknown): Promise<void> {
    const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
    // A file that cannot be moved stays in its place until the next change replaces it.
    let place: string | undefined;
    try {
      place = await this.#file.moveAside(this.#parts.dateMs());
    } catch {
      place = await this.#file.movedAside();
    }
    this.#tellUnreadable(reason, place ?? this.#file.path);
  }

  #tellUnreadable(reason: string, place: string): void {
    this.#isUnreadable = true;
    const what = `o suspension and no limit that operators had set is in force: ${this.#file.path} cannot be read (${reason}); it is kept as ${place}`;
    this.#parts.log.error(`n${what}: look into it, and set them again`, { code: 'OVERRIDES_UNREADABLE' });
    this.#parts.troubles?.raise(
      'damage:overrides',
      'critical',
      `N${what}. Mail that was suspended goes out.`,
      'Look into that file, and set them again. The first "sluice suspend", "sluice limit" or "sluice resume" ends this; if nothing was set, "sluice resume all" will do.',
    );
  }

  #replace({ nextId, overrides }: KeptOverrides): Promise<void> {
    return this.#file.write({ version: 2, nextId, overrides }, true);
  }
}

const noOverrides: KeptOverrides = { nextId: 1, overrides: [] };
