// What a plugin does, and what becomes of it, for the log and for `sluice status`.

import type { Timer } from '../../io/timers.ts';
import { BackgroundFaults, type PluginReportsParts } from './background-faults.ts';

/** A trouble that is over is shown for so long. */
const shownMs = 60_000;

export class PluginReports {
  readonly #parts: PluginReportsParts;
  readonly #faults: BackgroundFaults;
  /** Why it cannot be used, as the log has it already. */
  #reason: string | undefined;
  /** Why it was ended, as long as it is not set up again. */
  #endedBy: string | undefined;
  #clearing: Timer | undefined;

  constructor(parts: PluginReportsParts) {
    this.#parts = parts;
    this.#faults = new BackgroundFaults(parts);
  }

  /** The plugin has written a line. */
  said(text: string): void {
    this.#parts.log.info(`stage "${this.#parts.name}": ${text}`);
  }

  /** Something failed beside its answers. @param text - a clause */
  faulty(text: string): void {
    this.#faults.failed(text);
  }

  /** It is set up. @param isNew - in place of an earlier version */
  ready(isNew: boolean, points: readonly string[]): void {
    const at = points.length === 0 ? 'at no point' : `at ${points.join(', ')}`;
    const { name, log, troubles } = this.#parts;
    log.info(
      `the plugin of stage "${name}" is ${isNew ? 'replaced by its new version' : 'ready'}: it is asked ${at}`,
    );
    this.#reason = undefined;
    if (this.#endedBy === undefined) troubles.clear(`plugin:${name}`);
    else {
      this.#raise(
        'warning',
        `The plugin of the stage "${name}" was ended: ${this.#endedBy}. It was started again.`,
      );
      this.#clearLater();
    }
    this.#endedBy = undefined;
  }

  /** Its thread has ended. @param reason - a clause. @param waitMs - until it is started again */
  ended(reason: string, waitMs: number): void {
    const { name, log } = this.#parts;
    this.#endedBy = reason;
    log.error(`the plugin of stage "${name}" was ended: ${reason}; it is started again ${after(waitMs)}`);
    this.#raise(
      waitMs === 0 ? 'warning' : 'critical',
      `The plugin of the stage "${name}" was ended: ${reason}. It is started again ${after(waitMs)}.`,
    );
  }

  /** It could not be set up. @param reason - a clause. @param hasEarlier - a version of before is in force */
  unusable(reason: string, hasEarlier: boolean, waitMs: number): void {
    const { name, log } = this.#parts;
    if (reason !== this.#reason) {
      const meanwhile = hasEarlier ? 'the version before stays in force' : 'what it is asked fails';
      log.error(`the plugin of stage "${name}" cannot be used: ${reason}; meanwhile ${meanwhile}`);
    }
    this.#reason = reason;
    const text = hasEarlier
      ? `The plugin of the stage "${name}" has changed, and cannot be used: ${reason}. The version before stays in force.`
      : `The plugin of the stage "${name}" cannot be used: ${reason}. It is tried again ${after(waitMs)}, and when its files change.`;
    this.#raise(hasEarlier ? 'warning' : 'critical', text);
  }

  /** The plugin is not used any more. */
  closed(): void {
    this.#faults.closed();
    this.#parts.timers.clear(this.#clearing);
    this.#parts.troubles.clear(`plugin:${this.#parts.name}`);
  }

  #raise(level: 'warning' | 'critical', text: string): void {
    const { name, troubles, timers } = this.#parts;
    timers.clear(this.#clearing);
    this.#clearing = undefined;
    troubles.raise(
      `plugin:${name}`,
      level,
      text,
      'Correct the plugin, or its options in the configuration: `sluice check` and `sluice plugin test` help.',
    );
  }

  #clearLater(): void {
    const { name, troubles, timers } = this.#parts;
    timers.clear(this.#clearing);
    this.#clearing = timers.setTimeout(() => troubles.clear(`plugin:${name}`), shownMs).unref();
  }
}

function after(ms: number): string {
  return ms === 0 ? 'at once' : `after ${Math.round(ms / 1000)} s`;
}
