// Tells the manager the counters of a process: once a second, and only when one has changed.

import type { EventCounters } from '../log/event-counters.ts';
import type { CountersSoFar } from './count-messages.ts';

const everyMs = 1_000;

export class CounterPosts {
  readonly #counters: EventCounters;
  readonly #post: (message: CountersSoFar) => void;
  readonly #timer: NodeJS.Timeout;
  #postedVersion = 0;

  constructor(counters: EventCounters, post: (message: CountersSoFar) => void) {
    this.#counters = counters;
    this.#post = post;
    this.#timer = setInterval(() => this.postChanges(), everyMs).unref();
  }

  /** Posts the counters if one has changed. */
  postChanges(): void {
    const { version, counts } = this.#counters;
    if (version === this.#postedVersion) return;
    this.#postedVersion = version;
    this.#post({ kind: 'counters', counters: counts });
  }

  /** Posts them again, changed or not: to a manager that has never heard of them. */
  postAll(): void {
    this.#postedVersion = 0;
    this.postChanges();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.postChanges();
  }
}
