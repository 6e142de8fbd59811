// Operators' overrides: suspensions and limits that were set while Sluice runs. Kept in the spool's folder, on stable
// storage before an operator hears that they are in force; each ends by itself at its time.

import { z } from 'zod';
import { ControlError } from '../control/control-error.ts';
import type { OverrideChange, OverrideEnd, OverrideEndAnswer } from '../control/control-protocol.ts';
import { type Override, formatQuantities } from '../control/override.ts';
import type { LimitQuantities } from '../schedule/limits/types.ts';
import { covers, parseTarget } from '../control/override-target.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import type { Troubles } from '../stats/troubles.ts';
import { StateFile } from './state-file.ts';
import { overridesSchema } from './state-schemas.ts';

/** More than anybody can keep in mind; each costs time whenever limits are looked up. */
const maxOverrides = 1_000;
/** setTimeout takes no longer time. */
const maxTimerMs = 2_147_000_000;

interface Kept {
  readonly nextId: number;
  readonly overrides: readonly Override[];
}

/** A target with what it is called by people. */
export interface NamedTarget {
  readonly target: string;
  readonly label: string;
}

export interface OverridesParts {
  /** Of the file. */
  readonly path: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  /** The date without steps of the clock that are in doubt: such a step ends nothing. */
  readonly dateMs: () => number;
  /** The date by which they end: another one after a start under a clock that is in doubt. */
  readonly endsMs: () => number;
  readonly troubles?: Troubles | undefined;
  /** Called whenever the list is another one. */
  readonly changed: () => void;
}

export class Overrides {
  readonly #file: StateFile;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #dateMs: () => number;
  readonly #endsMs: () => number;
  readonly #troubles: Troubles | undefined;
  /** File and copy were damaged, and no operator has set or taken back anything since then. */
  #isUnreadable = false;
  #kept: Kept = { nextId: 1, overrides: [] };
  readonly #changed: () => void;
  #timer: Timer | undefined;
  /** Changes are made one after the other: each is stored before it counts. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(parts: OverridesParts) {
    this.#file = new StateFile(parts.path, { hasCopy: true, files: parts.files });
    this.#timers = parts.timers;
    this.#log = parts.log;
    this.#dateMs = parts.dateMs;
    this.#endsMs = parts.endsMs;
    this.#troubles = parts.troubles;
    this.#changed = parts.changed;
  }

  /**
   * Takes up those that were in force at the last stop. A file that cannot be read is put aside: a critical trouble, also
   * at later starts, until an operator sets something or takes something back.
   */
  static async open(parts: OverridesParts): Promise<Overrides> {
    const overrides = new Overrides(parts);
    await overrides.#load();
    overrides.#arm();
    return overrides;
  }

  /** The dates are others now: what ends next is waited for anew. */
  datesChanged(): void {
    this.#arm();
  }

  /** In force now, the oldest first. */
  get list(): readonly Override[] {
    return this.#kept.overrides;
  }

  /**
   * Suspends or limits targets; of a limit only the quantities that are given, others stay as they were set.
   * @throws {ControlError} `OVERRIDES_UNWRITABLE` when it cannot be stored: then nothing has changed
   */
  set(
    change: Omit<OverrideChange, 'targets'>,
    targets: readonly NamedTarget[],
  ): Promise<readonly Override[]> {
    return this.#inTurn(async () => {
      const now = this.#dateMs();
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
      const others = this.list.flatMap((before) => without(before, set));
      if (others.length + set.length > maxOverrides) throw tooMany();
      await this.#replace({ nextId, overrides: [...others, ...set] });
      for (const each of set) this.#log.info(`an operator ${changeText(each)}`);
      return set;
    });
  }

  /** Takes back what was set. @throws {ControlError} `OVERRIDES_UNWRITABLE` when that cannot be stored: then nothing has changed */
  unset({ kind }: Pick<OverrideEnd, 'kind'>, targets: readonly string[]): Promise<OverrideEndAnswer> {
    return this.#inTurn(async () => {
      const wanted = new Set(targets);
      const ended = this.list.filter((each) => each.kind === kind && wanted.has(each.target));
      const left = this.list.filter((each) => !ended.includes(each));
      if (ended.length > 0 || this.#isUnreadable) await this.#replace({ ...this.#kept, overrides: left });
      for (const { target } of ended) this.#log.info(`an operator ${endText(kind)} ${target}`);
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
    this.#timers.clear(this.#timer);
    await this.#turn;
  }

  async #load(): Promise<void> {
    try {
      const found = await this.#file.read();
      if (found === undefined) {
        const aside = await this.#file.movedAside();
        if (aside !== undefined) this.#tellUnreadable('it was damaged at an earlier start', aside);
        return;
      }
      const { nextId, overrides } = overridesSchema.parse(found);
      const now = this.#endsMs();
      // A file that somebody wrote by hand may name an id again.
      const highest = overrides.reduce((most, { id }) => Math.max(most, Number(id)), 0);
      this.#kept = {
        nextId: Math.max(nextId, highest + 1),
        overrides: overrides.filter((each) => !hasEnded(each, now)),
      };
      if (this.#file.damage !== undefined) await this.#repair(this.#file.damage);
      const ended = overrides.filter((each) => hasEnded(each, now));
      for (const { kind, target, untilMs = now } of ended) {
        this.#log.info(
          `its time was over at ${new Date(untilMs).toISOString()}, before this start: Sluice ${endText(kind)} ${target}`,
        );
      }
      // Told once. If this fails, they are left out when the file is read again.
      if (ended.length > 0) await this.#store(this.#kept).catch(() => undefined);
      if (this.list.length > 0) {
        this.#log.info(`operators' overrides in force: ${this.list.map((each) => each.target).join(', ')}`);
      }
    } catch (error) {
      await this.#putAside(error);
    }
  }

  /** The copy has told everything: the damaged file is kept for people to look at, and written again. */
  async #repair(damage: string): Promise<void> {
    const aside = await this.#file.moveAside(this.#dateMs()).catch(() => this.#file.path);
    this.#log.warn(
      `${this.#file.path} was damaged or gone (${damage}); its copy was used, and what was left of it is kept as ${aside}`,
      { code: 'OVERRIDES_REPAIRED' },
    );
    // If this fails, the copy is still there.
    await this.#store(this.#kept).catch(() => undefined);
  }

  async #putAside(error: unknown): Promise<void> {
    const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
    // One that cannot be moved stays where it is until the next change replaces it; with only a copy, that is moved.
    let place: string | undefined;
    try {
      place = await this.#file.moveAside(this.#dateMs());
    } catch {
      place = await this.#file.movedAside();
    }
    this.#tellUnreadable(reason, place ?? this.#file.path);
  }

  #tellUnreadable(reason: string, place: string): void {
    this.#isUnreadable = true;
    const what = `o suspension and no limit that operators had set is in force: ${this.#file.path} cannot be read (${reason}); it is kept as ${place}`;
    this.#log.error(`n${what}: look into it, and set them again`, { code: 'OVERRIDES_UNREADABLE' });
    this.#troubles?.raise(
      'damage:overrides',
      'critical',
      `N${what}. Mail that was suspended goes out.`,
      'Look into that file, and set them again. The first "sluice suspend", "sluice limit" or "sluice resume" ends this; if nothing was set, "sluice resume all" will do.',
    );
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #replace(next: Kept): Promise<void> {
    try {
      await this.#store(next);
    } catch (error) {
      throw new ControlError(
        'OVERRIDES_UNWRITABLE',
        `Storing the overrides in ${this.#file.path}: ${error instanceof Error ? error.message : String(error)}. Nothing was changed.`,
        'Look after the disk of the spool, then try again.',
        { cause: error },
      );
    }
    this.#isUnreadable = false;
    this.#troubles?.clear('damage:overrides');
    this.#kept = next;
    this.#arm();
    this.#changed();
  }

  #store({ nextId, overrides }: Kept): Promise<void> {
    return this.#file.write({ version: 2, nextId, overrides }, true);
  }

  /** One timer, for the next end. */
  #arm(): void {
    this.#timers.clear(this.#timer);
    if (this.#closed) return;
    const next = this.list.reduce((least, { untilMs }) => Math.min(least, untilMs ?? Infinity), Infinity);
    if (next === Infinity) return;
    const delay = Math.min(Math.max(next - this.#endsMs(), 0), maxTimerMs);
    this.#timer = this.#timers.setTimeout(() => void this.#inTurn(() => this.#expire()), delay);
  }

  async #expire(): Promise<void> {
    const now = this.#endsMs();
    const ended = this.list.filter((each) => hasEnded(each, now));
    if (ended.length > 0) {
      this.#kept = { ...this.#kept, overrides: this.list.filter((each) => !ended.includes(each)) };
      for (const { kind, target } of ended) {
        this.#log.info(`the time is over: Sluice ${endText(kind)} ${target}`);
      }
      this.#changed();
      // If this fails, they are left out when the file is read.
      await this.#store(this.#kept).catch(() => undefined);
    }
    this.#arm();
  }
}

function hasEnded({ untilMs }: Override, nowMs: number): boolean {
  return untilMs !== undefined && untilMs <= nowMs;
}

/** What is left of an override when others are set for the same target: quantities that they do not name. */
function without(before: Override, set: readonly Override[]): Override[] {
  const over = set.find((each) => each.kind === before.kind && each.target === before.target);
  if (over === undefined) return [before];
  const left = Object.entries(before.quantities).filter(([name]) => !Object.hasOwn(over.quantities, name));
  if (left.length === 0) return [];
  return [{ ...before, quantities: Object.fromEntries(left) as LimitQuantities }];
}

function changeText({ kind, target, quantities, reason, untilMs, by }: Override): string {
  const what =
    kind === 'suspend'
      ? `suspended ${target}`
      : `set ${formatQuantities(quantities).join(' ')} for ${target}`;
  const until = untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
  return `${by === '' ? '' : `(${by}) `}${what}${until}${reason === '' ? '' : `: ${reason}`}`;
}

function endText(kind: Override['kind']): string {
  return kind === 'suspend' ? 'resumed' : 'took back the limits set for';
}

function tooMany(): ControlError {
  return new ControlError(
    'OVERRIDES_TOO_MANY',
    `There would be more than ${maxOverrides} suspensions and limits set by operators.`,
    'Put lasting limits into the configuration as [[limit]], take back what is not needed, or suspend a pattern such as *.example.com.',
  );
}
