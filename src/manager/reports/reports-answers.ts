// Answers operators' questions about reports to other domains.

import type { ReportsAnswer, ReportsQuestion, ShownReport } from '../../control/operations/reports.ts';
import { dayEndMs, dueMs } from '../../reports/due.ts';
import type { Ledger, LedgerEntry } from '../../reports/ledger.ts';
import type { Mailer } from '../../reports/mailer.ts';
import type { ReportSource } from '../../reports/report-source.ts';
import type { ReportName } from '../../reports/report.ts';
import type { ReportSettings } from '../../reports/report-settings.ts';

export interface ReportsAnswersParts {
  readonly settings: () => ReportSettings;
  readonly sources: readonly ReportSource[];
  readonly ledger: Ledger;
  readonly mailer: Pick<Mailer, 'sendNow'>;
  /** Unix ms. */
  readonly dateMs: () => number;
}

export class ReportsAnswers {
  readonly #parts: ReportsAnswersParts;

  constructor(parts: ReportsAnswersParts) {
    this.#parts = parts;
  }

  /** The reports of the last days: those of which something became, and those that are to be sent. */
  list({ most }: ReportsQuestion): ReportsAnswer {
    const { ledger, sources } = this.#parts;
    const shown = ledger.snapshot().map(shownEntry);
    for (const source of sources) {
      for (const day of source.days()) {
        for (const domain of source.domainsOf(day)) {
          const name = { kind: source.kind, day, domain };
          if (ledger.of(name) === undefined) shown.push(this.#pending(name));
        }
      }
    }
    const reports = shown.toSorted(
      (a, b) => compare(b.day, a.day) || compare(a.domain, b.domain) || compare(a.kind, b.kind),
    );
    return { reports: reports.slice(0, most), total: reports.length };
  }

  /** What a report says; null when there is nothing to report. */
  show(name: ReportName): string | null {
    return this.#sourceOf(name)?.text(name) ?? null;
  }

  /** Sends a report now, whatever became of it before; null when there is none, or its day is not over. */
  async send(name: ReportName): Promise<ShownReport | null> {
    const isOver = dayEndMs(name.day) <= this.#parts.dateMs();
    if (!isOver || this.show(name) === null) return null;
    return shownEntry(await this.#parts.mailer.sendNow(name));
  }

  #sourceOf({ kind }: ReportName): ReportSource | undefined {
    return this.#parts.sources.find((source) => source.kind === kind);
  }

  #pending(name: ReportName): ShownReport {
    const { settings, dateMs } = this.#parts;
    const { kinds, reporter } = settings();
    const isCounting = dayEndMs(name.day) > dateMs();
    return {
      ...name,
      state: !kinds.includes(name.kind) ? 'off' : isCounting ? 'counting' : 'due',
      destinations: [],
      attempts: 0,
      atMs: dueMs(name, reporter.hostname),
      reason: '',
    };
  }
}

function shownEntry(entry: LedgerEntry): ShownReport {
  const { kind, day, domain, state, destinations, attempts, lastMs, nextMs, reason } = entry;
  const atMs = state === 'waiting' ? nextMs : lastMs;
  return { kind, day, domain, state, destinations, attempts, atMs, reason };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
