// Errors of a plugin beside its answers, such as in its timers: a trouble until there was none for a minute, and one line a minute in the log,
// however many there are.

import type { Timer, Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';

const quietMs = 60_000;

/** What reports of one plugin are made with. */
export interface PluginReportsParts {
  /** Of the stage. */
  readonly name: string;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly troubles: Troubles;
  readonly timers: Timers;
}

export class BackgroundFaults {
  readonly #parts: PluginReportsParts;
  #timer: Timer | undefined;
  #loggedAtMs = -Infinity;
  /** Since the last line of the log. */
  #unlogged = 0;

  constructor(parts: PluginReportsParts) {
    this.#parts = parts;
  }

  /** @param why - a clause: `one of its timers failed: ...` */
  failed(why: string): void {
    const { name, timers, troubles, log } = this.#parts;
    troubles.raise(
      `plugin:${name} in the background`,
      'warning',
      `The plugin of the stage "${name}" fails beside its answers: ${why}.`,
      'Look for the cause in the log, and correct the plugin.',
    );
    timers.clear(this.#timer);
    this.#timer = timers.setTimeout(() => this.#recovered(), quietMs).unref();
    if (timers.nowMs() < this.#loggedAtMs + quietMs) {
      this.#unlogged++;
      return;
    }
    this.#loggedAtMs = timers.nowMs();
    log.error(`plugin of stage "${name}": ${why}${this.#takeMore()}`);
  }

  /** The plugin is not used any more. */
  closed(): void {
    const { name, timers, troubles } = this.#parts;
    timers.clear(this.#timer);
    troubles.clear(`plugin:${name} in the background`);
  }

  #recovered(): void {
    const { name, log } = this.#parts;
    this.closed();
    log.info(`plugin of stage "${name}" has not failed beside its answers for a minute${this.#takeMore()}`);
  }

  #takeMore(): string {
    const more = this.#unlogged;
    this.#unlogged = 0;
    return more === 0 ? '' : ` (and ${more} more since the last such line)`;
  }
}
