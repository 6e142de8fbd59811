// Delivery windows, one counter for each schedule that has some: routes wait on it while no window is open, as they do for a limit
// that is full. So a closed window costs nothing while it is closed, and mail of other routes does not look at it.

import type { DeliveryHours } from '../../values/delivery-hours.ts';
import type { ScheduleRule } from '../times/schedule-rule.ts';
import { type CounterStore, Dimension } from './counters.ts';

interface Watched {
  readonly rule: ScheduleRule;
  readonly hours: DeliveryHours;
  readonly counter: number;
  /** Unix ms when it opens or closes next; -Infinity: it was not looked at yet. */
  untilMs: number;
}

export class HoursStore {
  readonly #counters: CounterStore;
  readonly #byRule = new Map<ScheduleRule, Watched>();
  readonly #byCounter = new Map<number, Watched>();
  #opened = 0;
  /** What was found out holds for another date than the present one. */
  #isInDoubt = false;
  /** Unix ms when one of them opens or closes next; Infinity: there is none. */
  nextChangeMs = Infinity;

  constructor(counters: CounterStore) {
    this.#counters = counters;
  }

  /** Other schedules are in force. No route is parked on the counters of the former ones. */
  set(rules: readonly ScheduleRule[]): void {
    for (const { counter } of this.#byRule.values()) {
      this.#counters.references.add(counter, -1);
      this.#counters.mayBeUnused(counter);
    }
    this.#byRule.clear();
    this.#byCounter.clear();
    for (const rule of rules) {
      if (rule.hours === undefined || rule.hours === 'always') continue;
      const counter = this.#counters.open(Dimension.hours, String(this.#opened++), 0);
      this.#counters.references.add(counter, 1);
      const watched = { rule, hours: rule.hours, counter, untilMs: -Infinity };
      this.#byRule.set(rule, watched);
      this.#byCounter.set(counter, watched);
    }
    this.lookAgain();
  }

  /** The counter of a schedule with windows; -1: it has none, and never waits. */
  counterOf(rule: ScheduleRule | undefined): number {
    return rule === undefined ? -1 : (this.#byRule.get(rule)?.counter ?? -1);
  }

  /** The schedule that a counter belongs to, and the Unix ms when it opens next. */
  closedOn(counter: number): {
    readonly rule: ScheduleRule;
    readonly opensAtMs: number;
    readonly zone: string;
  } {
    const watched = this.#byCounter.get(counter);
    if (watched === undefined) throw new Error(`counter ${counter} belongs to no schedule`);
    return { rule: watched.rule, opensAtMs: watched.untilMs, zone: watched.hours.zone };
  }

  /** The date has changed otherwise than by the time that has passed. */
  lookAgain(): void {
    this.#isInDoubt = true;
    this.nextChangeMs = this.#byRule.size === 0 ? Infinity : -Infinity;
  }

  /** Opens and closes what is due. @param dateMs - Unix ms */
  pass(dateMs: number): void {
    if (this.nextChangeMs > dateMs) return;
    this.nextChangeMs = Infinity;
    for (const watched of this.#byRule.values()) {
      if (this.#isInDoubt || watched.untilMs <= dateMs) {
        const { isOpen, untilMs } = watched.hours.at(dateMs);
        watched.untilMs = untilMs;
        this.#counters.setLimit(watched.counter, isOpen ? 1 : 0);
      }
      this.nextChangeMs = Math.min(this.nextChangeMs, watched.untilMs);
    }
    this.#isInDoubt = false;
  }
}
