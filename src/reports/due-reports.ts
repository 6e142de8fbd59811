// The reports that are due soon, in their order. Looked up once an hour, because there may be thousands of them.

import { dayEndMs, dueMs } from './due.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { dayMs, type ReportName } from './report.ts';
import type { ReportSettings } from './report-settings.ts';
import type { ReportSource } from './report-source.ts';

export interface DueReport extends ReportName {
  readonly source: ReportSource;
  /** Unix ms. */
  readonly atMs: number;
}

export interface DueReportsParts {
  readonly settings: () => ReportSettings;
  readonly sources: readonly ReportSource[];
  readonly ledger: Ledger;
  /** The ledger has changed. */
  readonly changed: () => void;
}

/** How far it looks ahead: dates may be set meanwhile, and the configuration may change. */
export const aheadMs = 3_600_000;
/** Reports of today and of the days before it that sources keep; one more, so that a clock that is set back repeats none. */
const keptDays = 4;

export class DueReports {
  readonly #parts: DueReportsParts;
  /** The first one last. */
  #queue: DueReport[] = [];

  constructor(parts: DueReportsParts) {
    this.#parts = parts;
  }

  /** The next one within the hour. */
  next(nowMs: number): DueReport | undefined {
    if (this.#queue.length === 0) this.#fill(nowMs);
    return this.#queue.at(-1);
  }

  /** Takes the next one out; undefined when it is settled, or switched off, since it was looked up. */
  take(): DueReport | undefined {
    const { ledger, settings } = this.#parts;
    const next = this.#queue.pop();
    if (next === undefined || !settings().kinds.includes(next.kind)) return undefined;
    const known = ledger.of(next);
    const isOpen = known === undefined || (known.state === 'waiting' && known.nextMs === next.atMs);
    return isOpen ? next : undefined;
  }

  /** Puts back a report that is tried again before long. */
  again({ kind, day, domain, state, nextMs }: LedgerEntry, nowMs: number): void {
    const source = this.#parts.sources.find((each) => each.kind === kind);
    if (state !== 'waiting' || source === undefined || nextMs > nowMs + aheadMs) return;
    this.#queue.push({ kind, day, domain, source, atMs: nextMs });
    this.#sort();
  }

  #fill(nowMs: number): void {
    const { sources, ledger, changed, settings } = this.#parts;
    const oldest = new Date(nowMs - keptDays * dayMs).toISOString().slice(0, 10);
    if (ledger.forgetBefore(oldest)) changed();
    if (ledger.isFull) return;
    const { kinds, reporter } = settings();
    const soonMs = nowMs + aheadMs;
    for (const source of sources) {
      if (!kinds.includes(source.kind)) continue;
      for (const day of source.days()) {
        if (day < oldest || dayEndMs(day) > soonMs) continue;
        for (const domain of source.domainsOf(day)) {
          const name = { kind: source.kind, day, domain };
          const known = ledger.of(name);
          if (known !== undefined && known.state !== 'waiting') continue;
          const atMs = known?.nextMs ?? dueMs(name, reporter.hostname);
          if (atMs <= soonMs) this.#queue.push({ ...name, source, atMs });
        }
      }
    }
    this.#sort();
  }

  #sort(): void {
    this.#queue.sort((a, b) => b.atMs - a.atMs);
  }
}
