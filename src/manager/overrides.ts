// Operators' overrides: suspensions and limits that are set while Sluice runs. They are on stable storage in the spool's folder
// before an operator is told that they are in force; each ends by itself at its time.

import { ControlError } from '../control/control-error.ts';
import type { OverrideChange, OverrideEnd, OverrideEndAnswer } from '../control/operations/overrides.ts';
import type { Override } from '../control/override.ts';
import { covers, parseTarget } from '../control/override-target.ts';
import type { Timers } from '../io/timers.ts';
import type { LimitQuantities } from '../schedule/limits/types.ts';
import { EndingList } from './ending-list.ts';
import { changeText, endText } from './override-words.ts';
import { type KeptOverrides, OverridesFile, type OverridesFileParts } from './overrides-file.ts';

/** Bound of the number of overrides: each costs time whenever limits are looked up. */
const maxOverrides = 1_000;

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
  #nextId: number;
  readonly #kept: EndingList<Override>;

  private constructor(parts: OverridesParts, file: OverridesFile, kept: KeptOverrides) {
    this.#parts = parts;
    this.#file = file;
    this.#nextId = kept.nextId;
    const { timers, endsMs, changed, log } = parts;
    const list = {
      timers,
      endsMs,
      changed,
      store: (overrides: readonly Override[]) => file.store({ nextId: this.#nextId, overrides }),
      ended: (overrides: readonly Override[]) => {
        for (const { kind, target } of overrides)
          log.info(`the time is over: Sluice ${endText(kind)} ${target}`);
      },
      moveFailed: (error: unknown) =>
        log.warn(
          `storing the ends of operators' overrides in ${file.path}, after the clock was set, failed: ${String(error)}`,
        ),
    };
    this.#kept = new EndingList(list, kept.overrides);
  }

  /**
   * Reads the overrides that were in force at the last stop. A file that cannot be read is put aside. That is a critical
   * trouble, also at later starts, until an operator sets an override or takes one back.
   */
  static async open(parts: OverridesParts): Promise<Overrides> {
    const file = new OverridesFile(parts);
    return new Overrides(parts, file, await file.read());
  }

  /** As `EndingList.datesChanged`. */
  datesChanged(byMs: number): void {
    this.#kept.datesChanged(byMs);
  }

  /** The overrides in force, the oldest first. */
  get list(): readonly Override[] {
    return this.#kept.list;
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
    return this.#kept.inTurn(async () => {
      const set = targets.map(({ target, label }): Override => {
        const { kind, reason, by, forMs, quantities } = change;
        return {
          id: String(this.#nextId++),
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
      await this.#replace([...others, ...set]);
      for (const each of set) this.#parts.log.info(`an operator ${changeText(each)}`);
      return set;
    });
  }

  /** Takes overrides back. @throws {ControlError} `OVERRIDES_UNWRITABLE` when that cannot be stored: then nothing has changed */
  unset({ kind }: Pick<OverrideEnd, 'kind'>, targets: readonly string[]): Promise<OverrideEndAnswer> {
    return this.#kept.inTurn(async () => {
      const wanted = new Set(targets);
      const ended = this.list.filter((each) => each.kind === kind && wanted.has(each.target));
      const left = this.list.filter((each) => !ended.includes(each));
      if (ended.length > 0 || this.#file.isUnreadable) await this.#replace(left);
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
  close(): Promise<void> {
    return this.#kept.close();
  }

  async #replace(next: readonly Override[]): Promise<void> {
    try {
      await this.#kept.replace(next);
    } catch (error) {
      throw new ControlError(
        'OVERRIDES_UNWRITABLE',
        `Storing the overrides in ${this.#file.path}: ${error instanceof Error ? error.message : String(error)}. Nothing was changed.`,
        'Check the disk of the spool, then try again.',
        { cause: error },
      );
    }
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
