// Watches the disk of the spool. Near its reserve there is a warning; below it new mail is refused with 452; a disk that
// cannot be written takes no mail. Told by `sluice check`, at start, and in `sluice status` as long as the problem lasts.

import { existsSync, promises, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import { probeSpool, unwritableNotice } from '../../spool/probe.ts';
import type { TroubleLevel, Troubles } from '../../stats/troubles.ts';

const checkEveryMs = 5_000;
/** A message of this size must fit above the reserve; with less room, new mail counts as refused. */
const smallMessageBytes = 64 * 1024;

export interface DiskProblem {
  readonly level: TroubleLevel;
  readonly text: string;
  readonly advice: string;
}

/** `name`: of a queue beside the default one. */
export type DiskConfig = Pick<Config, 'spool'> & {
  readonly queue: Pick<Config['queue'], 'reserve' | 'segmentSize'>;
  readonly name?: string;
};

/** What a watch over the store of each queue needs; those that are stopped are not touched. */
export function watchedDisks({
  spool,
  queue,
  queues,
}: Pick<Config, 'spool' | 'queue' | 'queues'>): DiskConfig[] {
  const used = queues.filter(({ stopped }) => stopped !== true);
  const others = used.map(({ name, path, reserve = queue.reserve }) => ({
    spool: path,
    queue: { ...queue, reserve },
    name,
  }));
  return [{ spool, queue }, ...others];
}

/** The problem of a disk with this much free space; undefined: none. */
export function diskProblem(freeBytes: number, { spool, queue, name }: DiskConfig): DiskProblem | undefined {
  const { reserve, segmentSize } = queue;
  const [whose, table] = name === undefined ? ['', 'queue'] : [` of the queue ${name}`, `queues.${name}`];
  const state = `The disk of the spool ${spool}${whose} has ${sizeText(freeBytes)} free`;
  // Without a reserve, none can be made smaller.
  const kept = reserve === 0 ? '' : `, and ${table}.reserve keeps ${sizeText(reserve)}`;
  const advice =
    reserve === 0
      ? 'Make room on this disk, or move the spool to a larger one.'
      : `Make room on this disk, move the spool to a larger one, or set a smaller reserve in [${table}].`;
  if (freeBytes < reserve + smallMessageBytes) {
    const text = `${state}${kept}: new mail is refused with 452. What was accepted is delivered.`;
    return { level: 'critical', text, advice };
  }
  const nearBytes = reserve + Math.max(reserve / 2, 2 * segmentSize);
  if (freeBytes >= nearBytes) return undefined;
  return { level: 'warning', text: `${state}${kept}: new mail will soon be refused.`, advice };
}

/** The problem of the spool's disk at this moment. The spool need not exist yet. */
export function diskProblemNow(config: DiskConfig): DiskProblem | undefined {
  let folder = config.spool;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  return diskProblem(bavail * bsize, config);
}

/**
 * Checks the disk every five seconds while Sluice runs. Raises the trouble `disk` for its free space, and `disk:write` when
 * nothing can be written. It writes a probe, so that an error of the disk is noticed also while no mail comes.
 */
export class DiskWatch {
  readonly #troubles: Troubles;
  readonly #log: Pick<Logger, 'error' | 'info'>;
  readonly #config: DiskConfig;
  readonly #probe: () => Promise<void>;
  #isUnwritable = false;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  /** @param probe - writes to the spool; rejects when the write fails */
  constructor(
    config: DiskConfig,
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
    void this.#check();
  }

  /** @param forGood - the disk is not used any more: its troubles end, too */
  stop({ forGood = false } = {}): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    if (!forGood) return;
    this.#troubles.clear(`disk${this.#suffix}`);
    this.#troubles.clear(`disk:write${this.#suffix}`);
  }

  /** Checks once, then sets the timer of the next check: a disk that does not answer is not asked twice. */
  async #check(): Promise<void> {
    const problem = await this.#spaceProblem();
    // A full disk is reported as such, not also as one that cannot be written.
    const failure = problem?.level === 'critical' ? undefined : await this.#writeError();
    if (!this.#isRunning) return;
    if (problem === undefined) this.#troubles.clear(`disk${this.#suffix}`);
    else this.#troubles.raise(`disk${this.#suffix}`, problem.level, problem.text, problem.advice);
    this.#reportWriteError(failure);
    this.#timer = setTimeout(() => void this.#check(), checkEveryMs).unref();
  }

  get #suffix(): '' | `:${string}` {
    const { name } = this.#config;
    return name === undefined ? '' : `:${name}`;
  }

  async #writeError(): Promise<unknown> {
    try {
      await this.#probe();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #reportWriteError(failure: unknown): void {
    if (failure === undefined) {
      if (this.#isUnwritable) this.#log.info('the disk of the spool can be written again');
      this.#isUnwritable = false;
      this.#troubles.clear(`disk:write${this.#suffix}`);
      return;
    }
    const { text, advice } = unwritableNotice(this.#config.spool, failure);
    if (!this.#isUnwritable) this.#log.error(text);
    this.#isUnwritable = true;
    this.#troubles.raise(`disk:write${this.#suffix}`, 'critical', text, advice);
  }

  async #spaceProblem(): Promise<DiskProblem | undefined> {
    try {
      const { bavail, bsize } = await promises.statfs(this.#config.spool);
      return diskProblem(bavail * bsize, this.#config);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const { spool, name } = this.#config;
      if (name !== undefined && (error as NodeJS.ErrnoException).code === 'ENOENT')
        return {
          level: 'critical',
          text: `The queue ${name} takes no mail, and its mail waits: its folder ${spool} is not there.`,
          advice: `See that its disk is mounted: the queue comes by itself when the folder is there. To begin it anew, make the folder with mkdir.`,
        };
      return {
        level: 'critical',
        text: `The free space of the spool ${this.#config.spool} cannot be read: ${why}.`,
        advice: 'See that the disk is there, and that the user that runs Sluice may use the folder.',
      };
    }
  }
}

/** Rounded, so that the text does not change with every message: `412 MiB`, `3.2 GiB`. */
export function sizeText(bytes: number): string {
  const mib = bytes / 2 ** 20;
  if (mib < 10) return `${mib.toFixed(1)} MiB`;
  return mib < 2048 ? `${Math.floor(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
