// Aggregate reports of DMARC (RFC 9990): about the mail that receivers have verified, to the domains that ask for them. The counts are kept in
// the spool's folder, a file for each day; a crash loses those of the last minute or two.

import { join } from 'node:path';
import { z } from 'zod';
import { version } from '../../config/version.ts';
import { reportDestinations } from '../../dmarc/report-destinations.ts';
import type { Resolver } from '../../dns/types.ts';
import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { AggregatedPortion } from '../../reports/dmarc-collector.ts';
import { DmarcCounts } from '../../reports/dmarc-counts.ts';
import { dmarcXml } from '../../reports/dmarc-xml.ts';
import type { ReportSource } from '../../reports/report-source.ts';
import { type Destinations, reportId, type ReportName } from '../../reports/report.ts';
import type { ReportSettings } from '../../reports/report-settings.ts';
import type { FileLayer } from '../../spool/file-layer.ts';
import { dayOf } from '../../tlsrpt/session-counts.ts';
import { StateFile } from '../state-file.ts';
import { StateSaver } from '../state-saver.ts';
import { dmarcCountsSchema, dmarcFiles } from '../state-schemas.ts';

export interface DmarcSourceParts {
  /** The spool's folder. */
  readonly folder: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  readonly lookups: () => Pick<Resolver, 'txt'>;
  readonly settings: () => ReportSettings;
  /** Unix ms. */
  readonly dateMs: () => number;
}

const saveIntervalMs = 60_000;
const dayMs = 86_400_000;

/** The file of a day. Days that are four apart share one, and three are kept. */
interface DayFile {
  readonly file: StateFile;
  readonly saver: StateSaver;
  day: string;
}

export class DmarcSource implements ReportSource {
  readonly kind = 'dmarc';
  readonly #parts: DmarcSourceParts;
  readonly #counts: DmarcCounts;
  readonly #files: readonly DayFile[];

  private constructor(parts: DmarcSourceParts) {
    this.#parts = parts;
    this.#counts = new DmarcCounts((day, what) =>
      parts.log.warn(
        `the counts for DMARC reports about ${day} are full: there is mail of too many ${what === 'domains' ? 'domains' : 'kinds'}; what is further is left out`,
      ),
    );
    this.#files = dmarcFiles.map((name) => this.#dayFile(name));
  }

  /** Reads the counts of the last days. A file that cannot be read stops no start: counting begins anew. */
  static async open(parts: DmarcSourceParts): Promise<DmarcSource> {
    const source = new DmarcSource(parts);
    for (const each of source.#files) await source.#restore(each);
    return source;
  }

  /** What receivers have found out. */
  take({ counts, leftOut }: AggregatedPortion): void {
    const day = dayOf(this.#parts.dateMs());
    const { excluded } = this.#parts.settings();
    for (const each of counts) if (!excluded.has(each.policy.domain)) this.#counts.count(day, each);
    if (leftOut > 0) this.#counts.countLeftOut(day, leftOut);
    const file = this.#files[(Date.parse(day) / dayMs) % this.#files.length];
    if (file === undefined) return;
    file.day = day;
    file.saver.touched();
  }

  days(): readonly string[] {
    return this.#counts.days;
  }

  *domainsOf(day: string): Iterable<string> {
    const { minMessages } = this.#parts.settings();
    for (const domain of this.#counts.domainsOf(day)) {
      if (minMessages <= 1 || this.#messagesOf(day, domain) >= minMessages) yield domain;
    }
  }

  destinations({ domain }: ReportName): Promise<Destinations> {
    return reportDestinations(domain, this.#parts.lookups());
  }

  text(name: ReportName): string | undefined {
    const counts = this.#counts.of(name.day, name.domain);
    if (counts === undefined || counts.rows.size === 0) return undefined;
    const { reporter } = this.#parts.settings();
    const { policy, rows, leftOut } = counts;
    return dmarcXml({
      reporter,
      day: name.day,
      id: reportId(name, reporter),
      generator: `Sluice ${version}`,
      policy,
      rows: [...rows.values()],
      error:
        leftOut === 0
          ? ''
          : `${leftOut} more messages are in no record, because there were too many kinds of them`,
    });
  }

  /** Resolves when all counts are on stable storage. */
  async close(): Promise<void> {
    for (const { saver } of this.#files) await saver.close();
  }

  #messagesOf(day: string, domain: string): number {
    const counts = this.#counts.of(day, domain);
    let messages = counts?.leftOut ?? 0;
    for (const { count } of counts?.rows.values() ?? []) messages += count;
    return messages;
  }

  #dayFile(name: string): DayFile {
    const file = new StateFile(join(this.#parts.folder, name), { files: this.#parts.files });
    const saver = new StateSaver({
      ...this.#parts,
      file,
      what: 'counts for DMARC reports',
      intervalMs: saveIntervalMs,
      content: () => ({ version: 2, ...this.#counts.snapshot(made.day) }),
    });
    const made: DayFile = { file, saver, day: '' };
    return made;
  }

  async #restore({ file }: DayFile): Promise<void> {
    try {
      const found = await file.read();
      if (found === undefined) return;
      const day = dmarcCountsSchema.parse(found);
      // What is older is about reports that are sent or given up.
      if (Date.parse(day.day) > this.#parts.dateMs() - 3 * dayMs) this.#counts.restore(day);
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      this.#parts.log.warn(`counts for DMARC reports are lost: ${file.path} cannot be read: ${reason}`);
    }
  }
}
