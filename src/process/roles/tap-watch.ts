// The taps of a receiver process. The first receiver also keeps the record of changes: it looks at the files of taps every second, so that a change is
// in the log though no mail comes.

import { statSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import type { Timer, Timers } from '../../io/timers.ts';
import type { Events } from '../../log/events.ts';
import type { Logger } from '../../log/logger.ts';
import { TapAudit, type TapOrigin } from '../../policy/taps/tap-audit.ts';
import { TapFiles } from '../../policy/taps/tap-files.ts';
import { tapText } from '../../settings/taps.ts';

const lookEveryMs = 1_000;

export interface TapWatchParts {
  readonly events: Pick<Events, 'happened'>;
  readonly log: Pick<Logger, 'error'>;
  readonly timers: Timers;
  /** Index of the receiver. */
  readonly index: number;
}

export class TapWatch {
  readonly files: TapFiles;
  readonly #parts: TapWatchParts;
  readonly #audit: TapAudit | undefined;
  #timer: Timer | undefined;
  #problems = '';
  #isStopped = false;

  constructor(parts: TapWatchParts) {
    this.#parts = parts;
    this.#audit = parts.index === 0 ? new TapAudit(parts.events) : undefined;
    const audit = this.#audit;
    this.files = new TapFiles(
      audit === undefined ? undefined : (path, change) => audit.fileRead(path, change),
    );
  }

  /** Puts the taps of a configuration in force; call it before the stages are made. */
  configure({ tap, file }: Pick<Config, 'tap' | 'file'>): void {
    const paths = new Set(tap.flatMap((each) => (each.file === undefined ? [] : [each.file])));
    this.files.keep(paths);
    if (this.#audit === undefined) return;
    this.#audit.configured(new Map(tap.map((each) => [each.name, tapText(each)])), originOf(file));
    for (const path of paths) this.files.of(path);
    this.#parts.timers.clear(this.#timer);
    this.#timer = undefined;
    if (paths.size > 0) void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts.timers.clear(this.#timer);
  }

  async #look(): Promise<void> {
    const problems = (await this.files.look()).join('; ');
    if (problems !== this.#problems && problems !== '')
      this.#parts.log.error(`a file of taps cannot be used, and mail is answered 451: ${problems}`);
    this.#problems = problems;
    if (this.#isStopped) return;
    this.#parts.timers.clear(this.#timer);
    this.#timer = this.#parts.timers.setTimeout(() => void this.#look(), lookEveryMs).unref();
  }
}

function originOf(file: string | undefined): TapOrigin {
  if (file === undefined) return { file: '', owner: undefined, modifiedAtMs: undefined };
  try {
    const { uid, mtimeMs } = statSync(file);
    return { file, owner: uid, modifiedAtMs: mtimeMs };
  } catch {
    return { file, owner: undefined, modifiedAtMs: undefined }; // it was read by another user, or is gone
  }
}
