// The diversions in force: on stable storage in the spool's folder before anybody is told that they are, in all receivers before an operator is
// answered, over restarts, each with its end.

import { z } from 'zod';

import { ControlError } from '../../control/control-error.ts';
import {
  diversionSchema,
  type DiversionEnd,
  type DiversionEndAnswer,
  type NewDiversion,
} from '../../control/operations/diversions.ts';
import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { FileLayer } from '../../spool/file-layer.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { conditionsText, type Diversion } from '../../values/diversion.ts';
import { EndingList, isOver } from '../ending-list.ts';
import { StateFile } from '../state-file.ts';

/** All mail is compared with each of them. */
const mostDiversions = 1_000;

export interface DiversionsParts {
  readonly path: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  /** The date without steps of the clock that are in doubt. */
  readonly dateMs: () => number;
  /** The date by which they end. */
  readonly endsMs: () => number;
  /** Names of the queues that there are, the default one included. */
  readonly queues: () => readonly string[];
  /** Resolves when all receivers that are linked divert just these. Never rejects. */
  readonly tell: (diversions: readonly Diversion[]) => Promise<void>;
}

export const diversionsSchema = z.object({
  version: z.literal(1),
  nextId: z.int().min(1).max(1e15),
  diversions: z.array(diversionSchema).max(10_000),
});

interface Kept {
  readonly nextId: number;
  readonly diversions: readonly Diversion[];
}

const none: Kept = { nextId: 1, diversions: [] };

export class Diversions {
  readonly #parts: DiversionsParts;
  readonly #kept: EndingList<Diversion>;
  #nextId: number;
  #told: Promise<void> = Promise.resolve();

  private constructor(parts: DiversionsParts, file: StateFile, { nextId, diversions }: Kept) {
    this.#parts = parts;
    this.#nextId = nextId;
    const { timers, endsMs, log, troubles } = parts;
    const list = {
      timers,
      endsMs,
      store: async (all: readonly Diversion[]) => {
        await file.write({ version: 1, nextId: this.#nextId, diversions: all }, true);
        troubles.clear('damage:diversions');
      },
      changed: () => {
        this.#told = this.#parts.tell(this.list);
      },
      ended: (ended: readonly Diversion[]) => {
        for (const each of ended) log.info(`the time is over: ${textOf(each)} is diverted no more`);
      },
      moveFailed: (error: unknown) =>
        log.warn(
          `storing the ends of diversions in ${parts.path}, after the clock was set, failed: ${String(error)}`,
        ),
    };
    this.#kept = new EndingList(list, diversions);
  }

  /** Reads those that were in force at the last stop. A file that cannot be read is put aside, and told as a critical trouble. */
  static async open(parts: DiversionsParts): Promise<Diversions> {
    const file = new StateFile(parts.path, { hasCopy: true, files: parts.files });
    const kept = await readOrNone(file, parts);
    for (const each of kept.diversions) parts.log.info(`a diversion is in force: ${textOf(each)}`);
    return new Diversions(parts, file, kept);
  }

  /** The oldest first: of several that match, the first counts. */
  get list(): readonly Diversion[] {
    return this.#kept.list;
  }

  /**
   * Resolves when it is on stable storage, and in force in all receivers.
   * @param rule - the [[diversion]] that asks for it
   * @throws {ControlError} `QUEUE_UNKNOWN`, `DIVERSIONS_TOO_MANY`, `DIVERSIONS_UNWRITABLE`: then nothing has changed
   */
  async add({ queue, conditions, forMs, reason, by }: NewDiversion, rule?: string): Promise<Diversion> {
    const setAtMs = this.#parts.dateMs();
    const added = await this.#kept.inTurn(async () => {
      this.#checkQueue(queue);
      if (this.list.length >= mostDiversions) throw tooMany();
      const diversion: Diversion = {
        id: String(this.#nextId++),
        queue,
        conditions,
        reason,
        setAtMs,
        by,
        ...(forMs !== undefined && { untilMs: setAtMs + forMs }),
        ...(rule !== undefined && { rule }),
      };
      await this.#replace([...this.list, diversion]);
      const who = rule === undefined ? 'an operator' : `the rule ${rule}`;
      this.#parts.log.info(`${who} ${by === '' ? '' : `(${by}) `}diverts ${textOf(diversion)}`);
      return diversion;
    });
    await this.#told;
    return added;
  }

  /** @throws {ControlError} `DIVERSIONS_UNWRITABLE`: then nothing has changed */
  async end({ ids }: DiversionEnd): Promise<DiversionEndAnswer> {
    const answer = await this.#kept.inTurn(async () => {
      const ended = this.list.filter(({ id }) => ids?.includes(id) !== false);
      const left = this.list.filter((each) => !ended.includes(each));
      if (ended.length > 0 || ids === undefined) await this.#replace(left);
      for (const each of ended) this.#parts.log.info(`${textOf(each)} is diverted no more`);
      const found = new Set(ended.map(({ id }) => id));
      return { ended, missing: ids?.filter((id) => !found.has(id)) ?? [] };
    });
    await this.#told;
    return answer;
  }

  /** As `EndingList.datesChanged`. */
  datesChanged(byMs: number): void {
    this.#kept.datesChanged(byMs);
  }

  close(): Promise<void> {
    return this.#kept.close();
  }

  #checkQueue(name: string): void {
    const queues = this.#parts.queues();
    if (queues.includes(name)) return;
    throw new ControlError(
      'QUEUE_UNKNOWN',
      `There is no queue ${JSON.stringify(name)}; there are ${queues.slice(0, 50).join(', ')}.`,
      queues.length === 1
        ? 'Mail can be diverted when the configuration has a [queues.NAME].'
        : 'Name one of these.',
    );
  }

  async #replace(next: readonly Diversion[]): Promise<void> {
    try {
      await this.#kept.replace(next);
    } catch (error) {
      throw new ControlError(
        'DIVERSIONS_UNWRITABLE',
        `Storing the diversions in ${this.#parts.path}: ${error instanceof Error ? error.message : String(error)}. Nothing was changed.`,
        'Check the disk of the spool, then try again.',
        { cause: error },
      );
    }
  }
}

/** `tenant=news to the queue backup until 2026-11-30T20:00:00.000Z: a storm`, for the log. */
function textOf({ conditions, queue, untilMs, reason }: Diversion): string {
  const until = untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
  return `${conditionsText(conditions)} to the queue ${queue}${until}${reason === '' ? '' : ` (${reason})`}`;
}

async function readOrNone(file: StateFile, parts: DiversionsParts): Promise<Kept> {
  const { log, dateMs, endsMs } = parts;
  try {
    const found = await file.read();
    if (found === undefined) {
      const aside = await file.movedAside();
      if (aside !== undefined) tellUnreadable(parts, 'it was damaged at an earlier start', aside);
      return none;
    }
    const { nextId, diversions } = diversionsSchema.parse(found);
    if (file.damage !== undefined)
      log.warn(`${file.path} was damaged or gone (${file.damage}); its copy was used`, {
        code: 'DIVERSIONS_REPAIRED',
      });
    const highest = diversions.reduce((most, { id }) => Math.max(most, Number(id)), 0);
    const now = endsMs();
    return {
      nextId: Math.max(nextId, highest + 1),
      diversions: diversions.filter((each) => !isOver(each, now)),
    };
  } catch (error) {
    const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
    const place = await file.moveAside(dateMs()).catch(() => file.path);
    tellUnreadable(parts, reason, place);
    return none;
  }
}

function tellUnreadable({ log, path, troubles }: DiversionsParts, reason: string, place: string): void {
  const what = `o diversion is in force: ${path} cannot be read (${reason}); it is kept as ${place}`;
  log.error(`n${what}: look into it, and set them again`, { code: 'DIVERSIONS_UNREADABLE' });
  troubles.raise(
    'damage:diversions',
    'critical',
    `N${what}. Mail that was diverted is in its usual queue.`,
    'Look into that file, and set them again with "sluice divert add". If there were none, "sluice divert end --all" ends this.',
  );
}

function tooMany(): ControlError {
  return new ControlError(
    'DIVERSIONS_TOO_MANY',
    `There are ${mostDiversions} diversions already, and each message is compared with all of them.`,
    'End some, or divert a wider set: a tenant, a network, or *.example.com.',
  );
}
