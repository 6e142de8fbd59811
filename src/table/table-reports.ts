// Tells people about a table: in the log when it is read, and when it cannot be; in `sluice status` as long as it cannot be.

import type { Logger } from '../log/logger.ts';
import type { TroubleLevel, Troubles } from '../stats/troubles.ts';
import type { Contents } from './contents.ts';

export class TableReports {
  readonly #name: string;
  readonly #path: string;
  readonly #log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly #troubles: Pick<Troubles, 'raise' | 'clear'>;
  readonly #changed: (() => void) | undefined;
  /** The problem that was logged last and is not over. */
  #logged: string | undefined;

  /** @param changed - is called when a new version is in force */
  constructor(
    name: string,
    path: string,
    log: Pick<Logger, 'info' | 'warn' | 'error'>,
    troubles: Pick<Troubles, 'raise' | 'clear'>,
    changed?: () => void,
  ) {
    this.#changed = changed;
    this.#name = name;
    this.#path = path;
    this.#log = log;
    this.#troubles = troubles;
  }

  /** A new version is in force. */
  read({ summary, warnings, faults = [] }: Contents): void {
    this.#logged = undefined;
    this.#troubles.clear(`table:${this.#name}`);
    this.#log.info(`the table "${this.#name}" was read from ${this.#path}: ${summary}`);
    this.#tellFaults(faults);
    for (const warning of warnings)
      this.#log.warn(`the table "${this.#name}" from ${this.#path}: ${warning}`);
    this.#changed?.();
  }

  /**
   * It could not be read.
   * @param problem - a clause without a final period
   * @param isEarlierInForce - an earlier version is in force
   */
  failed(problem: string, isEarlierInForce: boolean): void {
    const effect = isEarlierInForce
      ? 'What was read before is in force.'
      : 'What depends on it is answered with temporary errors.';
    const text = `The table "${this.#name}" cannot be read from ${this.#path}: ${problem}. ${effect}`;
    const advice =
      'Correct the file ("sluice check" tells what is wrong with it); it is read again by itself.';
    this.#raise(isEarlierInForce ? 'warning' : 'critical', text, advice);
  }

  /** It was read, and look-ups fail. */
  cannotAnswer(reason: string): void {
    const text = `The table "${this.#name}" from ${this.#path} cannot answer: ${reason}. What depends on it is answered with temporary errors.`;
    this.#raise('critical', text, 'Look after the file, or its disk; look-ups go on by themselves.');
  }

  #raise(level: TroubleLevel, text: string, advice: string): void {
    if (this.#logged === text) return;
    this.#logged = text;
    this.#troubles.raise(`table:${this.#name}`, level, text, advice);
    if (level === 'warning') this.#log.warn(text);
    else this.#log.error(text);
  }

  /** Some of its lines cannot be read. */
  #tellFaults(faults: readonly string[]): void {
    const key = `table:${this.#name} lines` as const;
    if (faults.length === 0) {
      this.#troubles.clear(key);
      return;
    }
    const text = `The table "${this.#name}" from ${this.#path} has lines that cannot be read: ${faults.join('; ')}. All others are in force.`;
    this.#troubles.raise(key, 'warning', text, 'Correct these lines; the file is read again by itself.');
    this.#log.warn(text);
  }

  /** The table is gone. */
  close(): void {
    this.#logged = undefined;
    for (const key of [`table:${this.#name}`, `table:${this.#name} lines`] as const)
      this.#troubles.clear(key);
  }

  /** The version in force is that of the file again. */
  clear(): void {
    if (this.#logged === undefined) return;
    this.#logged = undefined;
    this.#troubles.clear(`table:${this.#name}`);
    this.#log.info(`what was wrong with the table "${this.#name}" is over`);
  }
}
