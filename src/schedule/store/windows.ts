// Windows: how many connections each source may have to each site, by the answers of the site so far. Each window is a
// counter of connections with a limit that moves. Arithmetic in adapt/window.ts.

import type { AdaptSettings } from '../adapt/types.ts';
import {
  afterGreeting,
  afterPause,
  afterSuccess,
  afterTrouble,
  atTime,
  newWindow,
  type Window,
} from '../adapt/window.ts';
import { Float64Column, Int32Column, TimeColumn } from './columns.ts';
import { Dimension, type CounterStore } from './counters.ts';
import { DueHeap } from './due-heap.ts';
import type { WindowStatus } from '../limits/status.ts';
import { unlimited } from '../limits/types.ts';
import { Slots } from './slots.ts';

/** A window is forgotten when there was no connection for this long. */
const forgetMs = 3_600_000;
/** With more windows than this, those that are not in use and were never cut are forgotten earlier. */
const mostAtRest = 10_000;
/** With more than this, those that are not in use are forgotten earlier even when they were cut. */
const mostRemembered = 100_000;
/** Rows that are looked at for each new window above `mostAtRest`. */
const lookedAt = 4;

export class WindowStore {
  readonly #counters: CounterStore;
  readonly counter = new Int32Column();
  /** Unix ms of the last cut: failures of connections and transactions that began by then say nothing new. */
  readonly #cutAtMs = new Float64Column();
  readonly #usedAtMs = new Float64Column();
  readonly #dueMs = new TimeColumn();
  readonly due = new DueHeap(this.#dueMs);
  readonly #windows: (Window | undefined)[] = [];
  readonly #slots = new Slots(this.counter, [this.#cutAtMs, this.#usedAtMs, this.#dueMs, this.due]);
  #enabled = true;
  /** The row that was looked at last for being forgotten. */
  #forgetAt = 0;

  constructor(counters: CounterStore) {
    this.#counters = counters;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** The counter of a source and site; -1: nothing is known yet, and the first connection is free. */
  counterOf(source: string, site: string): number {
    return this.#counters.find(Dimension.window, keyOf(source, site));
  }

  /** The same, made if there is none, as for a first connection. */
  open(source: string, site: string, settings: AdaptSettings, nowMs: number): number {
    const counters = this.#counters;
    const known = this.counterOf(source, site);
    const knownRow = known < 0 ? -1 : counters.owner.get(known);
    if (knownRow >= 0) {
      this.#usedAtMs.set(knownRow, nowMs);
      const window = this.#windowOf(knownRow);
      if (window.state === 'unknown' && counters.used.get(known) === 0)
        this.#renew(knownRow, settings, nowMs);
      return known;
    }
    if (this.live > mostAtRest) this.#forgetSome(nowMs);
    // One that was forgotten in this call is taken up again.
    const counter = known >= 0 ? known : counters.open(Dimension.window, keyOf(source, site), 1);
    counters.references.add(counter, 1);
    const row = this.#slots.take();
    counters.owner.set(counter, row);
    this.counter.set(row, counter);
    this.#cutAtMs.set(row, -Infinity);
    this.#usedAtMs.set(row, nowMs);
    this.due.positions.set(row, 0);
    this.#renew(row, settings, nowMs);
    return counter;
  }

  /** A connection was greeted. */
  greeted(counter: number): void {
    const row = this.#counters.owner.get(counter);
    const window = this.#windowOf(row);
    if (window.state !== 'unknown') return;
    afterGreeting(window);
    this.#apply(row, window);
  }

  /** A transaction went well while so many connections were there. */
  succeeded(counter: number, nowMs: number): void {
    const row = this.#counters.owner.get(counter);
    const window = this.#windowOf(row);
    afterSuccess(window, this.#counters.used.get(counter), nowMs);
    this.#apply(row, window);
  }

  /** The site says that it has too many connections, or refuses them: half as many are allowed from now on. */
  troubled(counter: number, sinceMs: number, forMs: number, reason: string, nowMs: number): void {
    const row = this.#counters.owner.get(counter);
    if (sinceMs <= this.#cutAtMs.get(row)) return;
    this.#cutAtMs.set(row, nowMs);
    const window = this.#windowOf(row);
    afterTrouble(window, this.#counters.used.get(counter), nowMs + forMs, reason);
    this.#apply(row, window);
  }

  /** No connection at all is allowed for some time. */
  paused(counter: number, forMs: number, reason: string, nowMs: number): void {
    const row = this.#counters.owner.get(counter);
    this.#cutAtMs.set(row, nowMs);
    const window = this.#windowOf(row);
    afterPause(window, nowMs + forMs, reason);
    this.#apply(row, window);
  }

  /** Ends cuts and pauses that are over, and forgets windows that were not used for long. */
  tick(nowMs: number): void {
    const counters = this.#counters;
    while (this.due.firstDueMs() <= nowMs) {
      const row = this.due.first();
      const counter = this.counter.get(row);
      const window = this.#windowOf(row);
      atTime(window, nowMs);
      if (counters.used.get(counter) > 0) this.#usedAtMs.set(row, nowMs);
      const forgetAtMs = this.#usedAtMs.get(row) + forgetMs;
      if (window.untilMs <= nowMs && forgetAtMs <= nowMs) {
        this.#forget(row, counter);
        continue;
      }
      this.#apply(row, window);
    }
  }

  /** With adaptation switched off, windows allow everything; what was learned is kept. */
  reconfigure(settings: AdaptSettings | undefined): void {
    this.#enabled = settings?.enabled === true;
    this.#counters.eachOf(Dimension.window, (counter) => {
      const row = this.#counters.owner.get(counter);
      const window = this.#windowOf(row);
      // What sites that have not greeted yet will begin with.
      if (settings !== undefined) window.first = settings.startConnections;
      this.#apply(row, window);
    });
  }

  /** Why routes wait for it, in words. @param shiftMs - what has to be added to times for the date */
  textOf(counter: number, shiftMs: number): string {
    const window = this.#windowOf(this.#counters.owner.get(counter));
    const [source, site] = partsOf(this.#counters.keyOf(counter));
    const from = source === '' ? '' : ` from ${source}`;
    const end = (): string => new Date(window.untilMs + shiftMs).toISOString();
    const why = window.reason === '' ? '' : ` (${window.reason})`;
    if (window.state === 'paused') {
      return `${site} is left alone${from} until ${end()}${why}`;
    }
    const { allowed, state } = window;
    const many = allowed === 1 ? '1 connection' : `${allowed} connections`;
    if (state === 'unknown') return `${site} has not answered yet${from}: ${many} at most until it does`;
    const until = state === 'slowed' ? ` until ${end()}` : ' so far';
    return `adaptation allows ${many} to ${site}${from}${until}${why}`;
  }

  statusOf(source: string, site: string, settings: AdaptSettings | undefined): WindowStatus {
    const counter = this.counterOf(source, site);
    if (counter < 0) {
      const allowed = settings?.enabled === true ? 1 : unlimited;
      return { source, site, allowed, used: 0, state: 'unknown', reason: '' };
    }
    const { state, untilMs, reason } = this.#windowOf(this.#counters.owner.get(counter));
    const used = this.#counters.used.get(counter);
    const until = untilMs > 0 ? { untilMs } : {};
    return { source, site, allowed: this.#counters.limit.get(counter), used, state, ...until, reason };
  }

  /** Starts anew: nothing is known about the site, and a first connection opens. */
  #renew(row: number, settings: AdaptSettings, nowMs: number): void {
    const window = newWindow(settings.startConnections, nowMs);
    this.#windows[row] = window;
    this.#apply(row, window);
  }

  #windowOf(row: number): Window {
    return this.#windows[row] as Window;
  }

  #apply(row: number, window: Window): void {
    const counter = this.counter.get(row);
    const allowed = this.#enabled ? window.allowed : unlimited;
    if (allowed !== this.#counters.limit.get(counter)) this.#counters.setLimit(counter, allowed);
    const forgetAtMs = this.#usedAtMs.get(row) + forgetMs;
    this.due.put(row, window.untilMs > 0 ? window.untilMs : forgetAtMs);
  }

  /** Makes room: forgets a few windows in turn that have no connection and that no route waits for. */
  #forgetSome(nowMs: number): void {
    for (let count = lookedAt; count > 0; count--) {
      this.#forgetAt = this.#forgetAt + 1 >= this.#slots.end ? 0 : this.#forgetAt + 1;
      const row = this.#forgetAt;
      const window = this.#windows[row];
      if (window === undefined) continue;
      const counter = this.counter.get(row);
      const { used, references, line } = this.#counters;
      // Its own name is one.
      if (used.get(counter) > 0 || references.get(counter) > 1 || line.get(counter) >= 0) continue;
      if (this.live <= mostRemembered && remembersTrouble(window, nowMs)) continue;
      this.#forget(row, counter);
    }
  }

  #forget(row: number, counter: number): void {
    this.#windows[row] = undefined;
    this.due.take(row);
    this.#slots.give(row);
    this.#counters.owner.set(counter, -1);
    this.#counters.references.add(counter, -1);
    this.#counters.mayBeUnused(counter);
  }
}

/** Was the window cut? If that were forgotten, the site would soon get too many connections again. */
function remembersTrouble(window: Window, nowMs: number): boolean {
  return window.ceiling > 0 || (window.untilMs > nowMs && window.state !== 'unknown');
}

/** Neither addresses nor sites hold a tab. */
function keyOf(source: string, site: string): string {
  return `${source}\t${site}`;
}

function partsOf(key: string): readonly [string, string] {
  const tab = key.indexOf('\t');
  return [key.slice(0, tab), key.slice(tab + 1)];
}
