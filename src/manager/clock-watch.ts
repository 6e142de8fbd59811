// Watches the system's clock for the manager: compares it with the monotonic clock every few seconds and reports when it was
// set. Stores in the spool's folder how dates relate to steady time, so that a start under a wrong clock ages no mail.

import { z } from 'zod';
import type { Timer, Timers } from '../io/timers.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import type { Logger } from '../log/logger.ts';
import { confirmMs, SteadyClock, stepMs, type ClockChange, type ClockRun } from '../io/steady-clock.ts';
import type { Stretch } from '../io/timeline.ts';
import type { Troubles } from '../stats/troubles.ts';
import { StateFile } from './state-file.ts';
import { clockSchema } from './state-schemas.ts';

const observeMs = 5_000;
/** How often the last seen date is stored. */
const saveMs = 60_000;
/** Up to this time after the last seen date, a start is normal: the machine was off. A longer time is reported as a trouble. */
const longOffMs = 30 * 86_400_000;

export interface ClockWatchParts {
  /** Path of the file. */
  readonly path: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  readonly troubles?: Troubles | undefined;
  /** Identifies this boot of the machine; undefined: not known, and the time since the last stop is taken from the dates. */
  readonly boot?: string | undefined;
  /** Ms since the boot. */
  readonly monotonic: () => number;
  /** The system's clock, Unix ms. */
  readonly date: () => number;
  /**
   * Called with `SteadyClock.shiftMs` when it has changed, or is no longer in doubt.
   * @param byMs - how much it has changed, because the clock was set while Sluice runs
   */
  readonly changed: (shiftMs: number, byMs: number) => void;
}

export class ClockWatch {
  readonly clock: SteadyClock;
  readonly #file: StateFile;
  readonly #log: Logger;
  readonly #troubles: Troubles | undefined;
  readonly #timers: Timers;
  readonly #changed: ClockWatchParts['changed'];
  #observing: Timer | undefined;
  #savedAtMs: number;
  /** Steady time until which a start under a doubtful clock is shown as a trouble; 0: not in doubt. */
  #doubtEndsMs = 0;
  #failed = false;
  readonly #boot: string | undefined;

  private constructor(file: StateFile, kept: KeptClock, parts: ClockWatchParts) {
    this.#file = file;
    this.#log = parts.log;
    this.#troubles = parts.troubles;
    this.#boot = parts.boot;
    this.#timers = parts.timers;
    this.#changed = parts.changed;
    const { stretches, run } = kept;
    const isSameBoot = run !== undefined && run.boot === parts.boot;
    this.clock = new SteadyClock({ ...parts, stretches, ...(isSameBoot && { run }) });
    this.#savedAtMs = this.clock.nowMs();
  }

  /** Reads the stored state of the clock; without one, steady time begins now. Call it before recovery. */
  static async open(parts: ClockWatchParts): Promise<ClockWatch> {
    const file = new StateFile(parts.path, { files: parts.files });
    const watch = new ClockWatch(file, await keptIn(file, parts.log), parts);
    watch.#started();
    watch.look();
    await watch.#save(true);
    return watch;
  }

  /**
   * The date by which suspensions and limits end. After a start under a clock that is far ahead of the last seen date, it
   * advances from that date while the clock is in doubt, so that a wrong clock ends no override.
   */
  readonly endsMs = (): number => {
    const { lastSeenMs = 0, byMs } = this.clock.start;
    if (this.#doubtEndsMs === 0 || byMs < 0) return this.clock.dateMs();
    return lastSeenMs + stepMs + this.clock.nowMs() - (this.#doubtEndsMs - confirmMs);
  };

  /** Checks the clock every few seconds from now on. */
  watch(): void {
    this.#observing = this.#timers.setInterval(() => this.look(), observeMs).unref();
  }

  /**
   * Checks the clock if it was set by more than an hour. To be called when mail comes in, which has a date of this moment: a
   * clock that is wrong for less than `observeMs` would otherwise leave a date that the next start takes for a true one.
   */
  lookIfStepped(): void {
    if (this.clock.hasStepped) this.look();
  }

  /** Checks the clock once. */
  look(): void {
    const { clock } = this;
    const shiftMs = clock.shiftMs;
    const change = clock.observe();
    if (change !== undefined) this.#tell(change);
    if (clock.shiftMs !== shiftMs) this.#changed(clock.shiftMs, clock.shiftMs - shiftMs);
    const nowMs = clock.nowMs();
    if (this.#doubtEndsMs !== 0 && nowMs >= this.#doubtEndsMs && !clock.isInDoubt) {
      this.#doubtEndsMs = 0;
      this.#troubles?.clear('clock');
      this.#changed(clock.shiftMs, 0);
    }
    const isDue = nowMs - this.#savedAtMs >= saveMs;
    if (isDue || change !== undefined) void this.#save(change !== undefined);
  }

  /**
   * An operator confirms that the clock is right. Returns the size of the step that is now believed, in ms; undefined when
   * nothing was in doubt.
   */
  confirm(): number | undefined {
    this.look();
    const change = this.clock.confirm();
    const wasInDoubt = change !== undefined || this.#doubtEndsMs !== 0;
    this.#doubtEndsMs = 0;
    this.#troubles?.clear('clock');
    if (!wasInDoubt) return undefined;
    const byMs = change?.byMs ?? this.clock.start.byMs;
    this.#log.info(`an operator confirmed that the clock is right after its step of ${stepText(byMs)}`);
    this.#changed(this.clock.shiftMs, change?.byMs ?? 0);
    if (change !== undefined) void this.#save(true);
    return byMs;
  }

  /** Resolves when the last seen date is on stable storage. */
  async close(): Promise<void> {
    this.#timers.clear(this.#observing);
    this.clock.observe();
    await this.#save(true);
  }

  #started(): void {
    const { doubtMs } = this.clock;
    if (doubtMs !== undefined) this.#tell({ kind: 'stepped', byMs: doubtMs });
    const { lastSeenMs, byMs, isMeasured } = this.clock.start;
    if (lastSeenMs === undefined || (byMs <= stepMs && byMs >= -stepMs)) return;
    const last = new Date(lastSeenMs).toISOString();
    const text = isMeasured
      ? `Sluice was stopped for ${lengthText(byMs)}: of this time, one hour counts against the lifetime of mail`
      : byMs > 0
        ? `Sluice last saw ${last} here, ${lengthText(byMs)} before the date of now: of this time, one hour counts against the lifetime of mail`
        : `Sluice has seen ${last} here, and the clock is ${lengthText(-byMs)} behind that: the lifetime of mail goes on from where it was`;
    if (isMeasured || (byMs > 0 && byMs <= longOffMs)) {
      this.#log.info(text);
      return;
    }
    this.#log.warn(text, { code: 'CLOCK_STEPPED' });
    this.#troubles?.raise('clock', 'warning', `${text}.`, advice);
    this.#doubtEndsMs = this.clock.nowMs() + confirmMs;
  }

  #tell(change: ClockChange): void {
    const { byMs } = change;
    const how = stepText(byMs);
    switch (change.kind) {
      case 'stepped': {
        const text = `the system's clock was set ${how}: mail waits and expires by the time that really passes; dates follow the clock if it keeps to it for ${lengthText(confirmMs)}, or when you confirm it`;
        this.#log.warn(text, { code: 'CLOCK_STEPPED' });
        this.#troubles?.raise('clock', 'warning', `${upper(text)}.`, advice);
        return;
      }
      case 'confirmed':
        this.#log.info(
          `the system's clock has kept to its step of ${how} for ${lengthText(confirmMs)}: dates follow it now, the lifetime of mail goes on as before`,
        );
        break;
      case 'returned':
        this.#log.info(`the system's clock is back where it was before its step of ${how}`);
        break;
    }
    this.#troubles?.clear('clock');
  }

  async #save(durable: boolean): Promise<void> {
    this.#savedAtMs = this.clock.nowMs();
    try {
      const { stretches, run } = this.clock;
      const boot = this.#boot;
      await this.#file.write(
        { version: 2, stretches, ...(boot !== undefined && { run: { boot, ...run } }) },
        durable,
      );
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.#log.warn(`saving ${this.#file.path} failed: ${String(error)}`);
      this.#failed = true;
    }
  }
}

const advice =
  'Make sure that the clock is right, e.g. with "timedatectl" or "chronyc tracking"; then run "sluice clock confirm". If the machine was off or asleep for that time, nothing has to be done.';

interface KeptClock {
  readonly stretches: readonly Stretch[];
  readonly run?: (ClockRun & { readonly boot: string }) | undefined;
}

async function keptIn(file: StateFile, log: Logger): Promise<KeptClock> {
  try {
    const found = await file.read();
    return found === undefined ? { stretches: [] } : clockSchema.parse(found);
  } catch (error) {
    const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
    log.warn(`the clock is taken to be right: ${file.path} cannot be read: ${reason}`);
    return { stretches: [] };
  }
}

function stepText(byMs: number): string {
  return `${lengthText(Math.abs(byMs))} ${byMs > 0 ? 'ahead' : 'back'}`;
}

function lengthText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.round(ms / 3_600_000);
  return hours < 72 ? `${hours} hours` : `${Math.round(ms / 86_400_000)} days`;
}

function upper(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
