// A filter of OpenSMTPD in a process of Sluice: one process of the filter for all sessions, which is started again when it ends. Promises: while there
// is none, whoever asks has a failure or waits a bounded time; what it writes to its standard error is in the log, so many lines a second.

import { Restarts } from '../../io/restarts.ts';
import type { Timer, Timers } from '../../io/timers.ts';
import { LogLines } from '../../log/log-lines.ts';
import type { Logger } from '../../log/logger.ts';
import type { FilterSurroundings } from '../../protocol/opensmtpd-filter/told-lines.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { FilterProcess, type FilterProcessParts } from './filter-process.ts';

export interface FilterSettings {
  /** Of the stage. */
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly surroundings: FilterSurroundings;
  /** How long it may take until it has said what it wants to be asked. */
  readonly setupMs: number;
}

export interface FilterHostParts {
  readonly timers: Timers;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly troubles: Troubles;
  /** Since 1970. */
  readonly nowMs: () => number;
}

/** A trouble that is over is shown for so long. */
const shownMs = 60_000;
/** At the end of Sluice, a process has so long. */
const closesWithinMs = 5_000;

export class FilterHost {
  #settings: FilterSettings;
  readonly #parts: FilterHostParts;
  readonly #restarts: Restarts;
  readonly #output: LogLines;
  readonly #ending = new Set<Promise<void>>();
  #current: FilterProcess | undefined;
  #starting: FilterProcess | undefined;
  #setupTimer: Timer | undefined;
  #clearing: Timer | undefined;
  /** Why there is none. */
  #why = '';
  #waiting: { resolve(process: FilterProcess): void; reject(error: Error): void }[] = [];
  #isClosed = false;

  constructor(settings: FilterSettings, parts: FilterHostParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#restarts = new Restarts(parts.timers, () => this.#start());
    this.#output = new LogLines(
      (text) => parts.log.info(`stage "${settings.name}": ${text}`),
      parts.timers.nowMs,
    );
    this.#start();
  }

  /** Can be asked now; undefined: it is being started, or failed to. */
  get current(): FilterProcess | undefined {
    return this.#current;
  }

  /** @throws {Error} with a clause, when it cannot be used now */
  whenReady(): Promise<FilterProcess> {
    if (this.#current !== undefined) return Promise.resolve(this.#current);
    if (this.#starting === undefined) return Promise.reject(new Error(this.#why));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Sets what the configuration says now. With another command it is another filter: the process before answers what it was asked, and ends. */
  configure(settings: FilterSettings): void {
    const before = JSON.stringify(this.#settings);
    this.#settings = settings;
    if (JSON.stringify(settings) === before) return;
    this.#retire();
    this.#restarts.forget();
    this.#start();
  }

  /** Resolves when its processes have ended, or did not in time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#why = 'Sluice does not use it any more';
    const { timers, troubles } = this.#parts;
    this.#restarts.stop();
    timers.clear(this.#setupTimer);
    timers.clear(this.#clearing);
    troubles.clear(`filter:${this.#settings.name}`);
    this.#retire();
    this.#refuseAll(this.#why);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = timers.setTimeout(resolve, closesWithinMs);
    await Promise.race([late, Promise.all(this.#ending)]);
    timers.clear(timer);
  }

  #retire(): void {
    this.#starting?.kill(undefined);
    this.#starting = undefined;
    this.#current?.retire();
    this.#current = undefined;
  }

  #start(): void {
    if (this.#isClosed) return;
    const { command, environment, surroundings, setupMs } = this.#settings;
    const { timers, nowMs } = this.#parts;
    timers.clear(this.#setupTimer);
    const ended = Promise.withResolvers<void>();
    const events: Pick<FilterProcessParts, 'onReady' | 'onGone' | 'onComplaint' | 'onReport'> = {
      onReady: () => this.#ready(process),
      onGone: (reason) => {
        ended.resolve();
        this.#ending.delete(ended.promise);
        this.#gone(process, reason);
      },
      onComplaint: (piece) => this.#output.addPiece(piece),
      onReport: (text) => this.#output.add(`it reports: ${text}`),
    };
    let process: FilterProcess;
    try {
      process = new FilterProcess({ command, environment, surroundings, nowMs, ...events });
    } catch (error) {
      this.#failed(`it cannot be started: ${String((error as NodeJS.ErrnoException).code)}`);
      return;
    }
    this.#ending.add(ended.promise);
    this.#starting = process;
    const seconds = Math.round(setupMs / 1000);
    this.#setupTimer = timers
      .setTimeout(() => process.kill(`it did not say within ${seconds} s what it wants to be asked`), setupMs)
      .unref();
  }

  #ready(process: FilterProcess): void {
    if (process !== this.#starting) return;
    const { timers, log, troubles } = this.#parts;
    const { name } = this.#settings;
    timers.clear(this.#setupTimer);
    this.#starting = undefined;
    this.#current = process;
    this.#restarts.ready();
    const at = process.phases.size === 0 ? 'at no phase' : `at ${[...process.phases].join(', ')}`;
    log.info(`the filter of stage "${name}" is ready: it is asked ${at}`);
    timers.clear(this.#clearing);
    this.#clearing = timers.setTimeout(() => troubles.clear(`filter:${name}`), shownMs).unref();
    for (const { resolve } of this.#waiting.splice(0)) resolve(process);
  }

  #gone(process: FilterProcess, reason: string | undefined): void {
    if (reason === undefined) return;
    if (process === this.#starting) {
      this.#starting = undefined;
      this.#failed(reason);
    } else if (process === this.#current) {
      this.#current = undefined;
      const waitMs = this.#restarts.ended();
      this.#tell(reason, waitMs);
      if (waitMs === 0) this.#start();
      else this.#refuseAll(reason);
    }
  }

  /** It could not be set up. */
  #failed(reason: string): void {
    this.#parts.timers.clear(this.#setupTimer);
    this.#tell(reason, this.#restarts.unusable());
    this.#refuseAll(reason);
  }

  #refuseAll(why: string): void {
    this.#why = why;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(why));
  }

  #tell(reason: string, waitMs: number): void {
    const { log, troubles, timers } = this.#parts;
    const { name } = this.#settings;
    const again = waitMs === 0 ? 'at once' : `after ${Math.round(waitMs / 1000)} s`;
    log.error(`the filter of stage "${name}" was lost: ${reason}; it is started again ${again}`);
    timers.clear(this.#clearing);
    troubles.raise(
      `filter:${name}`,
      waitMs === 0 ? 'warning' : 'critical',
      `The filter of the stage "${name}" was lost: ${reason}. It is started again ${again}.`,
      'Look into the log for what it has said, and start its command by hand.',
    );
  }
}
