// Watches plugins that the manager asks: one that fails is a trouble until it has not failed for a minute, and one line a minute in the log. What it
// was not told of attempts is counted there, too.

import type { Timer, Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';

const quietMs = 60_000;

export interface PluginWatchParts {
  readonly timers: Timers;
  readonly log: Pick<Logger, 'error' | 'info'>;
  readonly troubles?: Pick<Troubles, 'raise' | 'clear'> | undefined;
}

interface Failing {
  timer: Timer | undefined;
  loggedAtMs: number;
  /** Failures, or attempts that were not told, since the last line of the log. */
  unlogged: number;
}

/** At which point, and what follows from its failures. */
const consequences = {
  route: { level: 'critical', text: 'mail that it is asked about waits' },
  attempt: { level: 'warning', text: 'it is not told of some delivery attempts' },
} as const;

export class PluginWatch {
  readonly #parts: PluginWatchParts;
  readonly #failing = new Map<string, Failing>();

  constructor(parts: PluginWatchParts) {
    this.#parts = parts;
  }

  /**
   * A plugin has failed.
   * @param why - as a clause: `it threw an error: ...`
   * @param times - questions that got no answer, or attempts that were not told
   */
  failed(plugin: string, point: keyof typeof consequences, why: string, times = 1): void {
    const { timers, troubles } = this.#parts;
    const key = `${point} ${plugin}`;
    const failing = this.#failing.get(key) ?? { timer: undefined, loggedAtMs: -Infinity, unlogged: 0 };
    this.#failing.set(key, failing);
    timers.clear(failing.timer);
    failing.timer = timers.setTimeout(() => this.#recovered(plugin, point, failing), quietMs).unref();
    const { level, text } = consequences[point];
    troubles?.raise(
      `stage:${plugin} at ${point}`,
      level,
      `The plugin "${plugin}" fails at ${point}: ${why}. Meanwhile ${text}.`,
      'Look for the cause in the log, and in what the plugin asks.',
    );
    failing.unlogged += times;
    if (timers.nowMs() < failing.loggedAtMs + quietMs) return;
    failing.loggedAtMs = timers.nowMs();
    this.#log(plugin, point, why, failing);
  }

  #log(plugin: string, point: keyof typeof consequences, why: string, failing: Failing): void {
    const { log } = this.#parts;
    const what = point === 'route' ? 'questions got no answer' : 'attempts were not told';
    log.error(`plugin "${plugin}" failed at ${point}: ${why} (${what}: ${failing.unlogged})`);
    failing.unlogged = 0;
  }

  #recovered(plugin: string, point: keyof typeof consequences, failing: Failing): void {
    this.#failing.delete(`${point} ${plugin}`);
    this.#parts.troubles?.clear(`stage:${plugin} at ${point}`);
    const more = failing.unlogged === 0 ? '' : `; since the last line, ${failing.unlogged} more were lost`;
    this.#parts.log.info(`plugin "${plugin}" has not failed at ${point} for a minute${more}`);
  }
}
