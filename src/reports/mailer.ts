// Sends reports to domains about their mail. In numbered steps:
//
// 1. When a UTC day is over, each policy domain about which there is something to report is due at a time of its own (`due.ts`).
// 2. Its record says where reports go; a domain without one gets none.
// 3. The report is made, and goes to each destination: by mail as a message in the queue, or by HTTPS.
// 4. What became of it is in the ledger. What has failed is tried again for a day.
//
// One report at a time, and so many an hour: nobody waits for it, and it takes nothing from mail.

import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import { formatReportUri, type ReportUri } from '../values/report-uri.ts';
import { nextAttemptMs } from './due.ts';
import { aheadMs, DueReports } from './due-reports.ts';
import type { DestinationOutcome, Ledger, LedgerEntry } from './ledger.ts';
import { type Destinations, makeReport, type Report, type ReportName } from './report.ts';
import type { ReportSource } from './report-source.ts';
import type { ReportSettings } from './report-settings.ts';

/** `later`: for a reason that may pass. */
export type Handed =
  | { readonly kind: 'sent'; readonly detail: string }
  | { readonly kind: 'later' | 'failed'; readonly detail: string };

export interface MailerParts {
  readonly settings: () => ReportSettings;
  readonly sources: readonly ReportSource[];
  readonly ledger: Ledger;
  /** The ledger has changed. */
  readonly changed: () => void;
  /** By gzip. */
  readonly compress: (text: string) => Promise<Uint8Array>;
  /** Hands a report over; never rejects. */
  readonly handOver: (report: Report, uri: ReportUri, signal: AbortSignal) => Promise<Handed>;
  readonly timers: Timers;
  /** Unix ms. */
  readonly dateMs: () => number;
  readonly log: Logger;
}

/** After a start there is other work. */
const firstLookMs = 1_000;
const hourMs = 3_600_000;
/** Of a message, without what is attached. */
const headBytes = 2_048;

export class Mailer {
  readonly #parts: MailerParts;
  readonly #due: DueReports;
  readonly #stopping = new AbortController();
  #timer: Timer | undefined;
  /** What is under way; each step begins when the one before it has ended. */
  #last: Promise<unknown> = Promise.resolve();
  /** Before this time of the timers' clock no report goes out, because of those of the last hour. */
  #freeAtMs = 0;

  constructor(parts: MailerParts) {
    this.#parts = parts;
    this.#due = new DueReports(parts);
  }

  start(): void {
    this.#sleep(firstLookMs);
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('Sluice stops'));
    this.#parts.timers.clear(this.#timer);
    await this.#last;
  }

  /** Sends a report now, for an operator, whatever became of it before. */
  sendNow(name: ReportName): Promise<LedgerEntry> {
    const sent = this.#last.then(async () => {
      const source = this.#parts.sources.find(({ kind }) => kind === name.kind);
      const entry = await this.#attempt(name, source, undefined);
      this.#note(entry);
      return entry;
    });
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  #sleep(ms: number): void {
    if (this.#stopping.signal.aborted) return;
    const wake = (): void => {
      this.#last = this.#last.then(() => this.#round());
    };
    this.#timer = this.#parts.timers.setTimeout(wake, Math.min(Math.max(ms, 0), aheadMs)).unref();
  }

  /** One report, if one is due. */
  async #round(): Promise<void> {
    const { dateMs, ledger, log, settings, timers } = this.#parts;
    const now = dateMs();
    const first = this.#due.next(now);
    if (first === undefined) return this.#sleep(aheadMs);
    const pauseMs = Math.max(first.atMs - now, this.#freeAtMs - timers.nowMs());
    if (pauseMs > 0) return this.#sleep(pauseMs);
    const next = this.#due.take();
    if (next === undefined) return this.#sleep(0);
    try {
      const entry = await this.#attempt(next, next.source, ledger.of(next));
      // What a stop broke off is done again after the next start.
      if (this.#stopping.signal.aborted && entry.state === 'waiting') return;
      this.#note(entry);
      if (entry.destinations.length > 0) {
        this.#freeAtMs = timers.nowMs() + hourMs / settings().maxPerHour;
      }
    } catch (error) {
      // A fault of ours ends no loop, and sends nothing again and again.
      log.error(`the ${next.kind} report to ${next.domain} about ${next.day} failed: ${String(error)}`);
      this.#note(entryOf(next, 'failed', String(error), now));
    }
    this.#sleep(0);
  }

  /** @param before - what the attempts before came to */
  async #attempt(
    name: ReportName,
    source: ReportSource | undefined,
    before: LedgerEntry | undefined,
  ): Promise<LedgerEntry> {
    const nowMs = this.#parts.dateMs();
    const text = source?.text(name);
    if (source === undefined || text === undefined) {
      return entryOf(name, 'unwanted', 'there is nothing to report', nowMs);
    }
    const wanted = await this.#unlessStopped(source.destinations(name));
    if (wanted.kind === 'none') return entryOf(name, 'unwanted', wanted.reason, nowMs);
    if (wanted.kind === 'failed') {
      return this.#waiting(name, before, before?.destinations ?? [], wanted.reason, nowMs);
    }
    const content = await this.#parts.compress(text);
    const report = makeReport(name, content, this.#parts.settings().reporter);
    const destinations: DestinationOutcome[] = [];
    for (const uri of wanted.uris) {
      const place = formatReportUri(uri);
      const known = before?.destinations.find((each) => each.uri === place && each.state !== 'waiting');
      destinations.push(known ?? (await this.#handOver(report, uri, place)));
    }
    if (destinations.some(({ state }) => state === 'waiting')) {
      return this.#waiting(name, before, destinations, '', nowMs);
    }
    const state = destinations.some((each) => each.state === 'sent') ? 'sent' : 'failed';
    return { ...entryOf(name, state, '', nowMs), ...attemptsOf(before, nowMs), destinations };
  }

  /** A look-up may take long, and a stop does not wait for it. */
  async #unlessStopped(found: Promise<Destinations>): Promise<Destinations> {
    const { signal } = this.#stopping;
    const stopped = Promise.withResolvers<Destinations>();
    const end = (): void => stopped.resolve({ kind: 'failed', reason: 'Sluice stops' });
    if (signal.aborted) end();
    signal.addEventListener('abort', end);
    try {
      return await Promise.race([found, stopped.promise]);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  async #handOver(report: Report, uri: ReportUri, text: string): Promise<DestinationOutcome> {
    const { ledger, settings, handOver } = this.#parts;
    const { maxPerDestination } = settings();
    if (ledger.sentTo(report.day, uri.host) >= maxPerDestination) {
      const detail = `${maxPerDestination} reports about this day have gone to ${uri.host}`;
      return { uri: text, state: 'failed', detail };
    }
    const size = mailBytes(report);
    if (uri.kind === 'mailto' && uri.maxBytes !== undefined && size > uri.maxBytes) {
      const detail = `it has about ${size} bytes, and ${uri.maxBytes} are taken there at most`;
      return { uri: text, state: 'failed', detail };
    }
    const { kind, detail } = await handOver(report, uri, this.#stopping.signal);
    if (kind === 'sent') ledger.countSent(report.day, uri.host);
    return { uri: text, state: kind === 'later' ? 'waiting' : kind, detail };
  }

  #waiting(
    name: ReportName,
    before: LedgerEntry | undefined,
    destinations: readonly DestinationOutcome[],
    reason: string,
    nowMs: number,
  ): LedgerEntry {
    const times = attemptsOf(before, nowMs);
    const nextMs = nextAttemptMs(times.attempts, times.firstMs, nowMs);
    if (nextMs !== undefined) {
      return { ...entryOf(name, 'waiting', reason, nowMs), ...times, destinations, nextMs };
    }
    const ended = destinations.map((each) =>
      each.state === 'waiting' ? { ...each, state: 'failed' as const } : each,
    );
    const state = ended.some((each) => each.state === 'sent') ? 'sent' : 'failed';
    return { ...entryOf(name, state, reason, nowMs), ...times, destinations: ended };
  }

  #note(entry: LedgerEntry): void {
    const { ledger, changed, log } = this.#parts;
    ledger.set(entry);
    changed();
    this.#due.again(entry, this.#parts.dateMs());
    const { kind, domain, day, state, destinations, reason } = entry;
    if (state === 'unwanted') return;
    const line = `${kind === 'tls' ? 'TLS' : 'DMARC'} report to ${domain} about ${day}: ${words[state]}`;
    const fields = {
      destinations: destinations.map((each) => `${each.state} ${each.uri} (${each.detail})`),
      ...(reason !== '' && { reason }),
      ...(state === 'waiting' && { nextAttempt: new Date(entry.nextMs).toISOString() }),
    };
    if (state === 'failed') log.warn(line, fields);
    else log.info(line, fields);
  }
}

/** RFC 9990 3.5: what counts is the size after compression and encoding. */
function mailBytes({ content }: Report): number {
  return Math.ceil((content.length / 57) * 78) + headBytes;
}

const words = {
  sent: 'sent',
  waiting: 'not sent now, and tried again',
  failed: 'not sent, and not tried again',
};

function entryOf(
  { kind, day, domain }: ReportName,
  state: LedgerEntry['state'],
  reason: string,
  nowMs: number,
): LedgerEntry {
  return {
    kind,
    day,
    domain,
    state,
    reason,
    destinations: [],
    attempts: 1,
    firstMs: nowMs,
    lastMs: nowMs,
    nextMs: 0,
  };
}

function attemptsOf(
  before: LedgerEntry | undefined,
  nowMs: number,
): Pick<LedgerEntry, 'attempts' | 'firstMs' | 'lastMs'> {
  return { attempts: (before?.attempts ?? 0) + 1, firstMs: before?.firstMs ?? nowMs, lastMs: nowMs };
}
