// Rotates a log file: when it has a size or an age, it is put aside under a name with the date, the oldest of those are removed, and
// they are compressed if wanted. Only one process of an instance does this; `reopen` then makes all of them write to a new file.
// Promises: no line is lost; a file is compressed only after the next rotation, when no process writes to it any more.

import { existsSync, renameSync, statSync, type Stats } from 'node:fs';
import { removeFile } from '../io/remove-file.ts';
import type { Troubles } from '../stats/troubles.ts';
import { compressFile } from './compress-file.ts';
import { rotatedFiles, rotatedName } from './rotated-files.ts';

/** How often the size is looked at: a log may grow beyond its size by what is written in this time. */
const checkEveryMs = 1_000;

export interface RotationRules {
  /** Undefined: the size does not matter. */
  readonly sizeBytes: number | undefined;
  /** Undefined: the age does not matter. */
  readonly everyMs: number | undefined;
  /** How many files are kept beside the log. */
  readonly keep: number;
  readonly compress: boolean;
}

export interface RotationParts {
  /** Makes all processes write to a new file. */
  readonly reopen: () => void;
  readonly troubles: Troubles;
  /** Unix ms. */
  readonly now?: () => number;
}

export class LogRotation {
  readonly #log: string;
  #rules: RotationRules;
  readonly #parts: RotationParts;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  /** Unix ms; undefined: not known yet, or another file was put in place. */
  #began: { readonly inode: number; readonly atMs: number } | undefined;
  readonly #ended = new AbortController();
  #compressing: Promise<void> | undefined;

  /** @param log - the absolute path of the file */
  constructor(log: string, rules: RotationRules, parts: RotationParts) {
    this.#log = log;
    this.#rules = rules;
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.check(), checkEveryMs).unref();
    this.check();
  }

  configure(rules: RotationRules): void {
    this.#rules = rules;
  }

  /** Resolves when nothing is written any more. What is being compressed stays as it is. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ended.abort();
    await this.#compressing;
  }

  /** Resolves when what is being compressed now is done. */
  async compressed(): Promise<void> {
    await this.#compressing;
  }

  /** Rotates the log if it is due. */
  check(): void {
    const { sizeBytes, everyMs } = this.#rules;
    if (sizeBytes === undefined && everyMs === undefined) return;
    try {
      const stats = statSync(this.#log, { throwIfNoEntry: false });
      if (stats?.isFile() !== true || stats.size === 0) return;
      const isLarge = sizeBytes !== undefined && stats.size >= sizeBytes;
      const isOld = everyMs !== undefined && this.#now() - this.#beganMs(stats) >= everyMs;
      if (isLarge || isOld) this.#rotate();
    } catch (error) {
      this.#raise('put aside', error);
    }
  }

  #rotate(): void {
    const nowMs = this.#now();
    const aside = rotatedName(this.#log, nowMs);
    // The date in a name has seconds. A log that is due again within the second is so a second later, too.
    if (existsSync(aside) || existsSync(`${aside}.gz`)) return;
    renameSync(this.#log, aside);
    this.#began = undefined;
    this.#parts.reopen();
    this.#parts.troubles.clear('log:rotation');
    this.#removeOldest(aside);
    if (!this.#rules.compress) return;
    this.#compressing ??= this.#compressAllBut(aside).finally(() => {
      this.#compressing = undefined;
    });
  }

  /** When the file began: when the one before it was put aside, or when it was made. */
  #beganMs(stats: Stats): number {
    if (this.#began?.inode !== stats.ino) {
      const newest = rotatedFiles(this.#log).at(-1)?.atMs;
      // A file system that does not know when a file was made tells 0, or when it was written last.
      const made = stats.birthtimeMs > 0 ? stats.birthtimeMs : this.#now();
      this.#began = { inode: stats.ino, atMs: newest ?? made };
    }
    return this.#began.atMs;
  }

  /** @param newest - is kept in any case: after the clock was set back, it may look like the oldest one */
  #removeOldest(newest: string): void {
    const others = rotatedFiles(this.#log).filter(({ path }) => path !== newest);
    for (const { path, kind } of others) if (kind === 'unfinished') removeFile(path);
    const whole = others.filter(({ kind }) => kind !== 'unfinished');
    const surplus = whole.length + 1 - this.#rules.keep;
    for (const { path } of whole.slice(0, Math.max(0, surplus))) removeFile(path);
  }

  async #compressAllBut(newest: string): Promise<void> {
    try {
      for (const { path, kind } of rotatedFiles(this.#log)) {
        if (kind === 'plain' && path !== newest) await compressFile(path, this.#ended.signal);
      }
    } catch (error) {
      if (!this.#ended.signal.aborted) this.#raise('compressed', error);
    }
  }

  #raise(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.troubles.raise(
      'log:rotation',
      'warning',
      `The log ${this.#log} cannot be ${what}: ${reason}. It goes on, and grows.`,
      'Let the user that runs Sluice (root, where root starts it) write to its folder, and make room on its disk.',
    );
  }
}
