// Counts the events of one process, and how long some things took.

import { TimeCounts } from '../stats/time-counts.ts';
import type { EventName } from './event.ts';
import type { EventListener } from './events.ts';

/** What a [[stage]] has answered: `stage NAME VERDICT`, and `stage NAME test VERDICT` where it is only tested. */
export type StageCountKey = `stage ${string}`;

/** Statistics that a back end did not take. */
type DropKey = 'dropped statsd';

export type Counters = Readonly<Partial<Record<EventName, number>> & Record<StageCountKey, number>>;

export class EventCounters implements EventListener {
  readonly needsFields = false;
  readonly #counts: Partial<Record<EventName | DropKey, number>> & Record<StageCountKey, number> = {};
  readonly #deliveryTimes = new TimeCounts();
  #changes = 0;

  happened(...[name]: Parameters<EventListener['happened']>): void {
    this.counted(name, 1);
  }

  counted(name: EventName, times: number): void {
    this.#add(name, times);
  }

  /** A stage has answered so, or a back end of statistics has not taken a datagram. */
  countedFor(key: StageCountKey | DropKey): void {
    this.#add(key, 1);
  }

  /** So many recipients were delivered, this long after their message was accepted. */
  deliveredAfter(seconds: number, times: number): void {
    if (times === 0) return;
    this.#deliveryTimes.add(seconds, times);
    this.#changes++;
  }

  #add(key: EventName | StageCountKey | DropKey, times: number): void {
    this.#counts[key] = (this.#counts[key] ?? 0) + times;
    this.#changes++;
  }

  /** Another number whenever a counter has changed. */
  get version(): number {
    return this.#changes;
  }

  /** The counts, and those of times: keys begin with `time`. All of them only grow. */
  get withTimes(): Readonly<Record<string, number>> {
    return { ...this.#counts, ...this.#deliveryTimes.counts('time delivery') };
  }

  /** The numbers so far, names in order. */
  get counts(): Counters {
    return Object.fromEntries(Object.entries(this.#counts).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
