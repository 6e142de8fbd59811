// Messages about what processes have counted since their start.

import type { Counters } from '../log/event-counters.ts';

/** To the manager: the events of the process, counted; replaces what it told before. */
export interface CountersSoFar {
  readonly kind: 'counters';
  readonly counters: Counters;
}

/** Counts by name; they only grow. */
type Counts = Readonly<Record<string, number>>;

/** To the supervisor: all that the process of this number has counted, for statistics. */
export interface Counted {
  readonly kind: 'counted';
  readonly serial: number;
  readonly counts: Counts;
}

/** From the supervisor to the control process: what all processes of each role have counted since Sluice started. */
export interface TotalsSoFar {
  readonly kind: 'totals';
  readonly totals: Readonly<Record<string, Counts>>;
}
