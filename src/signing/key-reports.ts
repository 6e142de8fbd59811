// Tells people about keys that cannot be used: in the log when that begins and ends, and in `sluice status` as long as it lasts. Bounded: many
// keys may be missing at once.

import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';

export interface KeyReportsParts {
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
}

/** Keys that are told about at once. */
const mostTold = 100;

const advice =
  'Correct the file, or its owner and permissions ("sluice dkim check" tells what is wrong with it); it is read again within a second.';

export class KeyReports {
  readonly #parts: KeyReportsParts;
  /** What was said last, by path. */
  readonly #told = new Map<string, string>();
  /** Keys whose warnings are in the log. */
  readonly #warned = new Set<string>();

  constructor(parts: KeyReportsParts) {
    this.#parts = parts;
  }

  /** @param isRequired - whether mail waits for it */
  unusable(path: string, reason: string, isRequired: boolean): void {
    const effect = isRequired
      ? 'Mail that it should sign is answered with temporary errors.'
      : 'Mail that it should sign goes out without its signature.';
    const text = `The key in ${path}, which signs mail, cannot be used: ${reason}. ${effect}`;
    if (this.#told.get(path) === text) return;
    if (this.#told.size >= mostTold && !this.#told.has(path)) return;
    this.#told.set(path, text);
    this.#parts.troubles.raise(`signing:${path}`, isRequired ? 'critical' : 'warning', text, advice);
    this.#parts.log.error(text);
  }

  usable(path: string, warnings: readonly string[]): void {
    if (this.#told.delete(path)) {
      this.#parts.troubles.clear(`signing:${path}`);
      this.#parts.log.info(`the key in ${path} can be used again`);
    }
    if (warnings.length === 0 || this.#warned.has(path) || this.#warned.size >= mostTold) return;
    this.#warned.add(path);
    for (const warning of warnings) this.#parts.log.warn(`the key in ${path}, which signs mail: ${warning}`);
  }

  /** Nothing that was said is known to be so any more. */
  forget(): void {
    for (const path of this.#told.keys()) this.#parts.troubles.clear(`signing:${path}`);
    this.#told.clear();
    this.#warned.clear();
  }
}
