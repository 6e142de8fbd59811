// Bounds how many fetches of policies are under way at once. Promises: a fetch that hangs gives its place to others after some
// seconds, so that servers that never answer do not delay other domains; one that somebody waits for goes before refreshes.

import type { Timers } from '../io/timers.ts';

export interface FetchLineOptions {
  readonly timers: Timers;
  /** Most fetches at once that do not hang. */
  readonly atOnce: number;
  /** Most refreshes at once, hanging or not. */
  readonly refreshesAtOnce: number;
  /** A fetch hangs when it takes longer than this. */
  readonly hangingMs: number;
  /** Most that hang; further ones keep their place. */
  readonly hanging: number;
  /** Most that wait for a place; further ones get none. */
  readonly waiting: number;
}

export class FetchLine {
  readonly #options: FetchLineOptions;
  readonly #line: (() => void)[] = [];
  #active = 0;
  #hanging = 0;
  #refreshes = 0;

  constructor(options: FetchLineOptions) {
    this.#options = options;
  }

  /** Whether a refresh would begin at once. */
  get hasRoomToRefresh(): boolean {
    const { atOnce, refreshesAtOnce } = this.#options;
    return this.#refreshes < refreshesAtOnce && this.#active < atOnce;
  }

  /** A fetch that may be left for later: undefined when there is no room now. */
  async refresh<T>(act: () => Promise<T>): Promise<T | undefined> {
    if (!this.hasRoomToRefresh) return undefined;
    this.#refreshes++;
    try {
      return await this.#run(act);
    } finally {
      this.#refreshes--;
    }
  }

  /** A fetch that mail waits for. Undefined when too many wait already. */
  fetch<T>(act: () => Promise<T>): Promise<T | undefined> {
    if (this.#active < this.#options.atOnce) return this.#run(act);
    if (this.#line.length >= this.#options.waiting) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#line.push(() => void this.#run(act).then(resolve, reject));
    });
  }

  async #run<T>(act: () => Promise<T>): Promise<T> {
    const { timers, hangingMs, hanging } = this.#options;
    let hangs = false;
    this.#active++;
    const timer = timers.setTimeout(() => {
      if (this.#hanging >= hanging) return;
      hangs = true;
      this.#hanging++;
      this.#leave();
    }, hangingMs);
    try {
      return await act();
    } finally {
      timers.clear(timer);
      if (hangs) this.#hanging--;
      else this.#leave();
    }
  }

  #leave(): void {
    this.#active--;
    this.#line.shift()?.();
  }
}
