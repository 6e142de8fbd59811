// A list of what operators have set, each entry perhaps with an end: changed one after the other, stored before it counts, and shortened by
// itself when a time is over.

import type { Timer, Timers } from '../io/timers.ts';

/** The longest time that setTimeout takes. */
const maxTimerMs = 2_147_000_000;
/** Ends move only when dates have moved by this much, because each move is a write to the disk. */
const leastMoveMs = 60_000;

interface Ending {
  /** Unix ms; undefined: until it is taken back. */
  readonly untilMs?: number | undefined;
}

interface EndingListParts<Entry extends Ending> {
  readonly timers: Timers;
  /** The date by which entries end. */
  readonly endsMs: () => number;
  /** Resolves when these are on stable storage. */
  readonly store: (entries: readonly Entry[]) => Promise<void>;
  /** Called whenever the list has changed. */
  readonly changed: () => void;
  /** The time of these is over; they are in the list no more. */
  readonly ended: (entries: readonly Entry[]) => void;
  /** Ends that have moved with the clock could not be stored: they are stored with the next change. */
  readonly moveFailed: (error: unknown) => void;
}

export function isOver({ untilMs }: Ending, nowMs: number): boolean {
  return untilMs !== undefined && untilMs <= nowMs;
}

export class EndingList<Entry extends Ending> {
  readonly #parts: EndingListParts<Entry>;
  #entries: readonly Entry[];
  #timer: Timer | undefined;
  /** Ends when all changes so far are made. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** How much dates have moved since ends were moved last. */
  #movedMs = 0;

  constructor(parts: EndingListParts<Entry>, entries: readonly Entry[]) {
    this.#parts = parts;
    this.#entries = entries;
    this.#arm();
  }

  /** Those in force, the oldest first. */
  get list(): readonly Entry[] {
    return this.#entries;
  }

  /** Makes a change after those before it. */
  inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** In a turn: puts these in force when they are stored. Rejects as `store` does: then nothing has changed. */
  async replace(entries: readonly Entry[]): Promise<void> {
    await this.#parts.store(entries);
    this.#entries = entries;
    this.#arm();
    this.#parts.changed();
  }

  /**
   * The clock was set by this much while Sluice runs, or is no longer in doubt (0). What an operator has set lasts for the time
   * that was asked for, however the clock is set meanwhile: ends move with the dates.
   */
  datesChanged(byMs: number): void {
    this.#movedMs += byMs;
    const movedMs = this.#movedMs;
    if (Math.abs(movedMs) < leastMoveMs) {
      this.#arm();
      return;
    }
    this.#movedMs = 0;
    void this.inTurn(() => this.#move(movedMs));
  }

  /** Resolves when changes under way are stored. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#parts.timers.clear(this.#timer);
    await this.#turn;
  }

  /** Sets the timer for the next entry that ends. */
  #arm(): void {
    this.#parts.timers.clear(this.#timer);
    if (this.#closed) return;
    const next = this.#entries.reduce((least, { untilMs }) => Math.min(least, untilMs ?? Infinity), Infinity);
    if (next === Infinity) return;
    const delay = Math.min(Math.max(next - this.#parts.endsMs(), 0), maxTimerMs);
    this.#timer = this.#parts.timers.setTimeout(() => void this.inTurn(() => this.#expire()), delay);
  }

  async #move(byMs: number): Promise<void> {
    if (this.#entries.some(({ untilMs }) => untilMs !== undefined)) {
      this.#entries = this.#entries.map((each): Entry =>
        each.untilMs === undefined ? each : { ...each, untilMs: each.untilMs + byMs },
      );
      this.#parts.changed();
      await this.#parts.store(this.#entries).catch(this.#parts.moveFailed);
    }
    this.#arm();
  }

  async #expire(): Promise<void> {
    const now = this.#parts.endsMs();
    const ended = this.#entries.filter((each) => isOver(each, now));
    if (ended.length > 0) {
      this.#entries = this.#entries.filter((each) => !ended.includes(each));
      this.#parts.ended(ended);
      this.#parts.changed();
      // If the write fails, they are left out when the file is read.
      await this.#parts.store(this.#entries).catch(() => undefined);
    }
    this.#arm();
  }
}
