// Tells people about aliases that lead nowhere: each is a trouble of its own, until mail for it is in order again, or for an hour. Promise: their
// number is bounded; what is told is by the keys of a table, never by what clients write.

import { SourceReports, type SourceReportsParts } from './source-reports.ts';
import type { TroubleLevel } from '../../stats/troubles.ts';

/** Nobody may send mail to it meanwhile. */
const quietMs = 3_600_000;
/** Further ones are in the log, once each is told of as one of many. */
const mostAliases = 20;

export class AliasReports {
  readonly #parts: SourceReportsParts;
  readonly #table: string;
  readonly #told = new Map<string, SourceReports>();

  /** @param table - its name */
  constructor(parts: SourceReportsParts, table: string) {
    this.#parts = parts;
    this.#table = table;
  }

  /**
   * @param alias - its key in the table
   * @param text - one sentence: what is wrong, and what follows from it
   */
  failed(alias: string, text: string, level: TroubleLevel = 'critical'): void {
    const isOneOfMany = !this.#told.has(alias) && this.#told.size >= mostAliases;
    this.#reportsOf(isOneOfMany ? 'and others' : alias).failed(text, level);
  }

  worked(alias: string): void {
    this.#told.get(alias)?.worked();
    this.#told.delete(alias);
  }

  close(): void {
    for (const reports of this.#told.values()) reports.close();
    this.#told.clear();
  }

  #reportsOf(alias: string): SourceReports {
    let reports = this.#told.get(alias);
    if (reports === undefined) {
      const advice = `Correct the alias in the table "${this.#table}", or the mailboxes that it stands for.`;
      reports = new SourceReports(this.#parts, `alias ${alias}`, advice, quietMs, () =>
        this.#told.delete(alias),
      );
      this.#told.set(alias, reports);
    }
    return reports;
  }
}
