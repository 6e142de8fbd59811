// Gathers what receivers find out about mail, and hands it on in portions: equal facts once, with their number. Promises: a message costs no
// message to the manager; bounded, whatever strangers send and however long the manager is away.

import type { Timer, Timers } from '../io/timers.ts';
import type { AggregatedMail } from '../verification/aggregate-row.ts';
import { type AggregatedCount, rowKey } from './dmarc-counts.ts';

/** What is handed on at once. */
export interface AggregatedPortion {
  readonly counts: readonly AggregatedCount[];
  /** Messages that are not among them, because there were too many. */
  readonly leftOut: number;
}

export interface DmarcCollectorParts {
  readonly timers: Timers;
  readonly post: (portion: AggregatedPortion) => void;
  /** Whoever takes the portions does not keep up. */
  readonly isCongested: () => boolean;
}

const everyMs = 5_000;
const maxRows = 2_000;
const portionRows = 200;

export class DmarcCollector {
  readonly #parts: DmarcCollectorParts;
  #rows = new Map<string, { readonly mail: AggregatedMail; count: number }>();
  #leftOut = 0;
  #timer: Timer | undefined;

  constructor(parts: DmarcCollectorParts) {
    this.#parts = parts;
  }

  add(mail: AggregatedMail): void {
    const key = `${JSON.stringify(mail.policy)} ${rowKey(mail.row)}`;
    const known = this.#rows.get(key);
    if (known !== undefined) known.count++;
    else if (this.#rows.size < maxRows) this.#rows.set(key, { mail, count: 1 });
    else this.#leftOut++;
    this.#wait();
  }

  /** Hands on what there is; nothing is gathered afterwards. */
  stop(): void {
    this.#parts.timers.clear(this.#timer);
    this.#post();
  }

  #wait(): void {
    if (this.#timer !== undefined) return;
    const due = (): void => {
      this.#timer = undefined;
      if (this.#parts.isCongested()) this.#wait();
      else this.#post();
    };
    this.#timer = this.#parts.timers.setTimeout(due, everyMs).unref();
  }

  #post(): void {
    const counts = [...this.#rows.values()].map(({ mail: { policy, row }, count }) => ({
      policy,
      row,
      count,
    }));
    const leftOut = this.#leftOut;
    this.#rows = new Map();
    this.#leftOut = 0;
    for (let at = 0; at < counts.length; at += portionRows) {
      const isLast = at + portionRows >= counts.length;
      this.#parts.post({ counts: counts.slice(at, at + portionRows), leftOut: isLast ? leftOut : 0 });
    }
  }
}
