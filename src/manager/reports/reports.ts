// The reports to other domains in the manager: the mailer with its sources, and what was sent, kept in the spool's folder.
//
// A report counts as sent after it is on stable storage, and that is written within a second. So a crash may send a report of that second once
// more, with the same identifier, and loses none.

import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import type { Events } from '../../log/events.ts';
import type { Logger } from '../../log/logger.ts';
import type { AggregatedPortion } from '../../reports/dmarc-collector.ts';
import { Ledger } from '../../reports/ledger.ts';
import { Mailer } from '../../reports/mailer.ts';
import type { Signing } from '../../signing/outgoing-mail.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { systemContext } from '../../sts/system-context.ts';
import { parseReportUri } from '../../values/report-uri.ts';
import type { InForce } from '../in-force.ts';
import type { ManagerEvents } from '../manager-events.ts';
import type { Machine } from '../ports.ts';
import type { ReportStores } from '../report-stores.ts';
import type { Routing } from '../routing.ts';
import { StateFile } from '../state-file.ts';
import { StateSaver } from '../state-saver.ts';
import { reportsSchema } from '../state-schemas.ts';
import type { TlsSessions } from '../tls-sessions.ts';
import { DmarcSource } from './dmarc-source.ts';
import { ReportPost } from './report-post.ts';
import { ReportsAnswers } from './reports-answers.ts';
import { TlsSource } from './tls-source.ts';

export interface ReportsParts {
  /** The spool's folder. */
  readonly folder: string;
  readonly machine: Pick<Machine, 'files' | 'timers'>;
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly happenings: Events;
  readonly inForce: Pick<InForce, 'reports'>;
  readonly routing: Pick<Routing, 'lookups'>;
  readonly tlsSessions: TlsSessions;
  readonly stores: ReportStores;
  readonly signing: Signing | undefined;
  readonly events: Pick<ManagerEvents, 'post'>;
  /** `dateMs`: without steps of the clock that are in doubt; days begin and end by it. `systemMs`: as the system's clock shows dates. */
  readonly clock: { readonly dateMs: () => number; readonly systemMs: () => number };
}

const compressed = promisify<string, Uint8Array>(gzip);
const saveIntervalMs = 1_000;

export class Reports {
  readonly answers: ReportsAnswers;
  readonly #parts: ReportsParts;
  readonly #ledger = new Ledger();
  readonly #file: StateFile;
  readonly #saver: StateSaver;
  readonly #mailer: Mailer;
  readonly #dmarc: DmarcSource;
  #context: { readonly authorities: string; readonly made: SecureContext } | undefined;

  private constructor(parts: ReportsParts, dmarc: DmarcSource) {
    this.#parts = parts;
    this.#dmarc = dmarc;
    const { clock, events, folder, inForce, log, machine, routing, tlsSessions: sessions } = parts;
    const { files, timers } = machine;
    const { dateMs } = clock;
    const settings = () => inForce.reports;
    const lookups = () => routing.lookups;
    this.#file = new StateFile(join(folder, 'reports.json'), { files });
    const saver = new StateSaver({
      timers,
      log,
      file: this.#file,
      what: 'what became of reports',
      intervalMs: saveIntervalMs,
      content: () => ({ version: 2, reports: this.#ledger.snapshot() }),
    });
    this.#saver = saver;
    const post = new ReportPost({
      ...parts,
      timers,
      settings,
      lookups,
      submit: (message) => events.post({ kind: 'reported', message }),
      dateMs: clock.systemMs,
      secureContext: () => this.#secureContext(),
    });
    const tls = new TlsSource({ sessions, lookups, reporter: () => settings().reporter });
    const common = { settings, sources: [tls, dmarc], ledger: this.#ledger, dateMs };
    this.#mailer = new Mailer({
      ...common,
      timers,
      log,
      changed: () => saver.touched(),
      compress: compressed,
      handOver: (report, uri, signal) => post.handOver(report, uri, signal),
    });
    this.answers = new ReportsAnswers({ ...common, mailer: this.#mailer });
  }

  /** Reads what was sent, and what was counted. A file that cannot be read stops no start. */
  static async open(parts: ReportsParts): Promise<Reports> {
    const { clock, folder, inForce, log, machine, routing } = parts;
    const dmarc = await DmarcSource.open({
      ...machine,
      folder,
      log,
      dateMs: clock.dateMs,
      settings: () => inForce.reports,
      lookups: () => routing.lookups,
    });
    const reports = new Reports(parts, dmarc);
    await reports.#restore();
    return reports;
  }

  /** What receivers have found out about mail. */
  aggregated(portion: AggregatedPortion): void {
    this.#dmarc.take(portion);
  }

  start(): void {
    this.#mailer.start();
  }

  /** Resolves when nothing is under way any more, and all is on stable storage. */
  async close(): Promise<void> {
    await this.#mailer.stop();
    await this.#saver.close();
    await this.#dmarc.close();
  }

  async #secureContext(): Promise<SecureContext> {
    const { authorities } = this.#parts.inForce.reports;
    if (authorities === '') return systemContext();
    if (this.#context?.authorities !== authorities) {
      this.#context = { authorities, made: createSecureContext({ ca: authorities }) };
    }
    return this.#context.made;
  }

  async #restore(): Promise<void> {
    try {
      const found = await this.#file.read();
      if (found === undefined) return;
      this.#ledger.restore(reportsSchema.parse(found).reports, (uri) => parseReportUri(uri)?.host);
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      this.#parts.log.warn(
        `it is not known which reports of the last days were sent, so that some may be sent once more: ${this.#file.path} cannot be read: ${reason}`,
      );
    }
  }
}
