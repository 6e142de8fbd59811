// Operators' overrides: suspensions and limits that are set while Sluice runs. They are on stable storage in the spool's folder
// before an operator is told that they are in force; each ends by itself at its time.

import { ControlError } from '../control/control-error.ts';
import type { OverrideChange, OverrideEnd, OverrideEndAnswer } from '../control/operations/overrides.ts';
import type { Override } from '../control/override.ts';
import { covers, parseTarget } from '../control/override-target.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { LimitQuantities } from '../schedule/limits/types.ts';
import { changeText, endText, hasEnded } from './override-words.ts';
import { type KeptOverrides, OverridesFile, type OverridesFileParts } from './overrides-file.ts';

/** Bound of the number of overrides: each costs time whenever limits are looked up. */
const maxOverrides = 1_000;
/** The longest time that setTimeout takes. */
const maxTimerMs = 2_147_000_000;

/** Ends move only when dates have moved by this much, because each move is a write to the disk. */
const leastMoveMs = 60_000;

/** A target and its name for people. */
export interface NamedTarget {
  readonly target: string;
  readonly label: string;
}

export interface OverridesParts extends OverridesFileParts {
  readonly timers: Timers;
  /** Called whenever the list has changed. */
  readonly changed: () => void;
}

export class Overrides {
  readonly #parts: OverridesParts;
  readonly #file: OverridesFile;
  #kept: KeptOverrides;
  #timer: Timer | undefined;
  /** Ends when all changes so far are made. They are made one after the other, and each is stored before it counts. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** How much dates have moved since ends were moved last. */
  #movedMs = 0;

  private constructor(parts: OverridesParts, file: OverridesFile, kept: KeptOverrides) {
    this.#parts = parts;
    this.#file = file;
    this.#kept = kept;
    this.#arm();
  }

  /**
   * Reads the overrides that were in force at the last stop. A file that cannot be read is put aside. That is a critical
   * trouble, also at later starts, until an operator sets an override or takes one back.
   */
  static async open(parts: OverridesParts): Promise<Overrides> {
    const file = new OverridesFile(parts);
    return new Overrides(parts, file, await file.read());
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
    void this.#inTurn(() => this.#move(movedMs));
  }

  /** The overrides in force, the oldest first. */
  get list(): readonly Override[] {
    return this.#kept.overrides;
  }

  /**
   * Suspends or limits targets. A limit changes only the quantities that are given; others of an earlier limit stay.
   * @throws {ControlError} `OVERRIDES_UNWRITABLE` when it cannot be stored: then nothing has changed
   */
  set(
    change: Omit<OverrideChange, 'targets'>,
    targets: readonly NamedTarget[],
  ): Promise<readonly Override[]> {
    // Before its turn: dates that change meanwhile move its end, too.
    const now = this.#parts.dateMs();
    return this.#inTurn(async () => {
      let { nextId } = this.#kept;
      const set = targets.map(({ target, label }): Override => {
        const { kind, reason, by, forMs, quantities } = change;
        return {
          id: String(nextId++),
          kind,
          target,
          label,
          quantities: kind === 'suspend' ? { connections: 0 } : (quantities ?? {}),
          reason,
          setAtMs: now,
          ...(forMs !== undefined && { untilMs: now + forMs }),
          by,
        };
      });
      const others = this.list.flatMap((before) => remainderOf(before, set));
      if (others.length + set.length > maxOverrides) throw tooMany();
      await this.#replace({ nextId, overrides: [...others, ...set] });
      for (const each of set) this.#parts.log.info(`an operator ${changeText(each)}`);
      return set;
    });
  }

  /** Takes overrides back. @throws {ControlError} `OVERRIDES_UNWRITABLE` when that cannot be stored: then nothing has changed */
  unset({ kind }: Pick<OverrideEnd, 'kind'>, targets: readonly string[]): Promise<OverrideEndAnswer> {
    return this.#inTurn(async () => {
      const wanted = new Set(targets);
      const ended = this.list.filter((each) => each.kind === kind && wanted.has(each.target));
      const left = this.list.filter((each) => !ended.includes(each));
      if (ended.length > 0 || this.#file.isUnreadable)
        await this.#replace({ ...this.#kept, overrides: left });
      for (const { target } of ended) this.#parts.log.info(`an operator ${endText(kind)} ${target}`);
      const found = new Set(ended.map((each) => each.target));
      const missing = [...wanted.difference(found)].map((target) => ({
        target,
        heldBy: left
          .filter((each) => each.kind === kind && covers(parseTarget(each.target), parseTarget(target)))
          .map((each) => each.target),
      }));
      return { ended, missing };
    });
  }

  /** Resolves when changes under way are stored. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#parts.timers.clear(this.#timer);
    await this.#turn;
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #replace(next: KeptOverrides): Promise<void> {
    try {
      await this.#file.store(next);
    } catch (error) {
      throw new ControlError(
        'OVERRIDES_UNWRITABLE',
        `Storing the overrides in ${this.#file.path}: ${error instanceof Error ? error.message : String(error)}. Nothing was changed.`,
        'Check the disk of the spool, then try again.',
        { cause: error },
      );
    }
    this.#kept = next;
    this.#arm();
    this.#parts.changed();
  }

  /** Sets the timer for the next override that ends. */
  #arm(): void {
    this.#parts.timers.clear(this.#timer);
    if (this.#closed) return;
    const next = this.list.reduce((least, { untilMs }) => Math.min(least, untilMs ?? Infinity), Infinity);
    if (next === Infinity) return;
    const delay = Math.min(Math.max(next - this.#parts.endsMs(), 0), maxTimerMs);
    this.#timer = this.#parts.timers.setTimeout(() => void this.#inTurn(() => this.#expire()), delay);
  }

  async #move(byMs: number): Promise<void> {
    if (this.list.some(({ untilMs }) => untilMs !== undefined)) {
      const overrides = this.list.map((each): Override =>
        each.untilMs === undefined ? each : { ...each, untilMs: each.untilMs + byMs },
      );
      this.#kept = { ...this.#kept, overrides };
      this.#parts.changed();
      // If the write fails, these ends are stored with the next change.
      await this.#file.store(this.#kept).catch((error: unknown) => {
        this.#parts.log.warn(
          `storing the ends of operators' overrides in ${this.#file.path}, after the clock was set, failed: ${String(error)}`,
        );
      });
    }
    this.#arm();
  }

  async #expire(): Promise<void> {
    const now = this.#parts.endsMs();
    const ended = this.list.filter((each) => hasEnded(each, now));
    if (ended.length > 0) {
      this.#kept = { ...this.#kept, overrides: this.list.filter((each) => !ended.includes(each)) };
      for (const { kind, target } of ended) {
        this.#parts.log.info(`the time is over: Sluice ${endText(kind)} ${target}`);
      }
      this.#parts.changed();
      // If the write fails, they are left out when the file is read.
      await this.#file.store(this.#kept).catch(() => undefined);
    }
    this.#arm();
  }
}

/** The rest of an override when others are set for its target: the quantities that they do not name; none if nothing is left. */
function remainderOf(before: Override, set: readonly Override[]): Override[] {
  const over = set.find((each) => each.kind === before.kind && each.target === before.target);
  if (over === undefined) return [before];
  const left = Object.entries(before.quantities).filter(([name]) => !Object.hasOwn(over.quantities, name));
  if (left.length === 0) return [];
  return [{ ...before, quantities: Object.fromEntries(left) as LimitQuantities }];
}

function tooMany(): ControlError {
  return new ControlError(
    'OVERRIDES_TOO_MANY',
    `There would be more than ${maxOverrides} suspensions and limits set by operators.`,
    'Put lasting limits into the configuration as [[limit]], take back what is not needed, or suspend a pattern such as *.example.com.',
  );
}
