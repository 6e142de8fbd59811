// Sees to it that a change of a table of routes reaches the mail that waits. Promises: one walk over the queue at a time, and after it a pause as
// long as the walk was, so that a table which changes all the time takes half of the time at most.

import type { Timer, Timers } from '../../io/timers.ts';
import type { Config } from '../../config/config.ts';
import type { AskedRoutes } from '../plugins/asked-routes.ts';
import type { RouteTables } from '../ports.ts';
import type { Rerouter } from '../rerouter.ts';

export interface WaysWatchParts {
  readonly rerouter: Pick<Rerouter, 'reroute'>;
  readonly asked: Pick<AskedRoutes, 'renew'>;
  /** Undefined: there are none. */
  readonly tables: RouteTables | undefined;
  readonly timers: Timers;
}

/** The shortest pause between two walks. */
const leastPauseMs = 1_000;

export class WaysWatch {
  readonly #parts: WaysWatchParts;
  /** For tables whose changes cannot be seen. */
  #refresh: Timer | undefined;
  #pause: Timer | undefined;
  #isWalking = false;
  #isWanted = false;
  #isStopped = false;

  constructor(parts: WaysWatchParts, config: Config) {
    this.#parts = parts;
    parts.tables?.onChange(() => this.changed());
    this.configure(config);
  }

  configure({ routeTable }: Config): void {
    const { timers } = this.#parts;
    timers.clear(this.#refresh);
    const times = routeTable.flatMap(({ refreshMs }) => (refreshMs > 0 ? [refreshMs] : []));
    this.#refresh =
      times.length === 0 ? undefined : timers.setInterval(() => this.changed(), Math.min(...times)).unref();
  }

  /** A table has changed: what waits is looked at again, now or after the walk that is under way. */
  changed(): void {
    if (this.#isStopped) return;
    this.#parts.asked.renew();
    this.#isWanted = true;
    if (!this.#isWalking) this.#walk();
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts.timers.clear(this.#refresh);
    this.#parts.timers.clear(this.#pause);
  }

  #walk(): void {
    const { rerouter, timers } = this.#parts;
    this.#isWanted = false;
    this.#isWalking = true;
    const begunMs = timers.nowMs();
    void rerouter.reroute(() => {
      const pauseMs = Math.max(leastPauseMs, timers.nowMs() - begunMs);
      this.#pause = timers
        .setTimeout(() => {
          this.#isWalking = false;
          if (this.#isWanted && !this.#isStopped) this.#walk();
        }, pauseMs)
        .unref();
    });
  }
}
