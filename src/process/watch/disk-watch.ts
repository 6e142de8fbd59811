// The disk of the spool: near its reserve somebody should look, below it new mail is refused with 452, and one that cannot
// be written takes none. Told by `sluice check`, at start, and in `sluice status` as long as it lasts.

import { existsSync, promises, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import { probeSpool, unwritableNotice } from '../../spool/probe.ts';
import type { TroubleLevel, Troubles } from '../../stats/troubles.ts';

const everyMs = 5_000;
/** A message of this size is the least that must fit above the reserve. */
const smallBytes = 64 * 1024;

export interface DiskProblem {
  readonly level: TroubleLevel;
  readonly text: string;
  readonly advice: string;
}

type Wanted = Pick<Config, 'spool' | 'queue'>;

/** What is wrong with so much free space; undefined: nothing. */
export function diskProblem(freeBytes: number, { spool, queue }: Wanted): DiskProblem | undefined {
  const { reserve, segmentSize } = queue;
  const state = `The disk of the spool ${spool} has ${sizeText(freeBytes)} free`;
  const kept = `queue.reserve keeps ${sizeText(reserve)}`;
  const advice = `Make room on this disk, move the spool to a larger one, or set a smaller reserve in [queue].`;
  if (freeBytes < reserve + smallBytes) {
    const text = `${state}, and ${kept}: new mail is refused with 452. What was accepted is delivered.`;
    return { level: 'critical', text, advice };
  }
  const nearBytes = reserve + Math.max(reserve / 2, 2 * segmentSize);
  if (freeBytes >= nearBytes) return undefined;
  return { level: 'warning', text: `${state}, and ${kept}: new mail will soon be refused.`, advice };
}

/** The same, as it is at this moment; the spool need not be there yet. */
export function diskProblemNow(config: Wanted): DiskProblem | undefined {
  let folder = config.spool;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  return diskProblem(bavail * bsize, config);
}

/**
 * Looks at the disk again and again while Sluice runs. Raises the trouble `disk` for its room, and `disk:write` when nothing
 * can be written: also without any mail, so that an error of the disk in a quiet night does not wait for the morning's.
 */
export class DiskWatch {
  readonly #troubles: Troubles;
  readonly #log: Pick<Logger, 'error' | 'info'>;
  readonly #config: Wanted;
  readonly #probe: () => Promise<void>;
  #isUnwritable = false;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  /** @param probe - writes to the spool; rejects when that cannot be done */
  constructor(
    config: Wanted,
    troubles: Troubles,
    log: Pick<Logger, 'error' | 'info'>,
    probe = () => probeSpool({ directory: config.spool, name: 'watch', sync: false }),
  ) {
    this.#config = config;
    this.#troubles = troubles;
    this.#log = log;
    this.#probe = probe;
  }

  start(): void {
    this.#isRunning = true;
    void this.#look();
  }

  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  /** One look, then the next one later: a disk that does not answer is not asked twice. */
  async #look(): Promise<void> {
    const problem = await this.#measured();
    // A disk without room is told as such.
    const failure = problem?.level === 'critical' ? undefined : await this.#unwritten();
    if (!this.#isRunning) return;
    if (problem === undefined) this.#troubles.clear('disk');
    else this.#troubles.raise('disk', problem.level, problem.text, problem.advice);
    this.#tellWrite(failure);
    this.#timer = setTimeout(() => void this.#look(), everyMs).unref();
  }

  async #unwritten(): Promise<unknown> {
    try {
      await this.#probe();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #tellWrite(failure: unknown): void {
    if (failure === undefined) {
      if (this.#isUnwritable) this.#log.info('the disk of the spool can be written again');
      this.#isUnwritable = false;
      this.#troubles.clear('disk:write');
      return;
    }
    const { text, advice } = unwritableNotice(this.#config.spool, failure);
    if (!this.#isUnwritable) this.#log.error(text);
    this.#isUnwritable = true;
    this.#troubles.raise('disk:write', 'critical', text, advice);
  }

  async #measured(): Promise<DiskProblem | undefined> {
    try {
      const { bavail, bsize } = await promises.statfs(this.#config.spool);
      return diskProblem(bavail * bsize, this.#config);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return {
        level: 'critical',
        text: `The free space of the spool ${this.#config.spool} cannot be read: ${why}.`,
        advice: 'See that the disk is there, and that the user that runs Sluice may use the folder.',
      };
    }
  }
}

/** In steps that do not change with every message: `412 MiB`, `3.2 GiB`. */
function sizeText(bytes: number): string {
  const mib = bytes / 2 ** 20;
  if (mib < 10) return `${mib.toFixed(1)} MiB`;
  return mib < 2048 ? `${Math.floor(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
