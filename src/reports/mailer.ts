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
import { dayEndMs, dueMs, nextAttemptMs } from './due.ts';
import type { DestinationOutcome, Ledger, LedgerEntry } from './ledger.ts';
import { dayMs, type Destinations, makeReport, type Report, type ReportName } from './report.ts';
import type { ReportSettings } from './report-settings.ts';

/** Where reports of one kind come from. */
export interface ReportSource {
  readonly kind: ReportName['kind'];
  /** The policy domains about which there is something to report, by day. */
  days(): readonly string[];
  domainsOf(day: string): Iterable<string>;
  destinations(name: ReportName): Promise<Destinations>;
  /** What the report says; undefined: there is nothing to report. */
  text(name: ReportName): string | undefined;
}

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
const firstLookMs = 5_000;
/** The longest sleep: dates may be set meanwhile, and the configuration may change. */
const longestSleepMs = 3_600_000;
/** Reports of today and of the days before it that sources keep; one more, so that a clock that is set back repeats none. */
const keptDays = 4;
const hourMs = 3_600_000;
/** Of a message, without what is attached. */
const headBytes = 2_048;

interface DueReport extends ReportName {
  readonly source: ReportSource;
  readonly atMs: number;
}

export class Mailer {
  readonly #parts: MailerParts;
  readonly #stopping = new AbortController();
  #timer: Timer | undefined;
  /** What is under way; each step begins when the one before it has ended. */
  #last: Promise<unknown> = Promise.resolve();
  /** Date before which no report goes out, because of those of the last hour. */
  #freeAtMs = 0;
  /** What is due soon, the first one last. */
  #queue: DueReport[] = [];

  constructor(parts: MailerParts) {
    this.#parts = parts;
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
    this.#timer = this.#parts.timers.setTimeout(wake, Math.min(Math.max(ms, 0), longestSleepMs)).unref();
  }

  /** One report, if one is due. */
  async #round(): Promise<void> {
    const { dateMs, ledger, log, settings } = this.#parts;
    const now = dateMs();
    if (this.#queue.length === 0) this.#fill(now);
    const next = this.#queue.at(-1);
    if (next === undefined) return this.#sleep(longestSleepMs);
    const atMs = Math.max(next.atMs, this.#freeAtMs);
    if (atMs > now) return this.#sleep(atMs - now);
    this.#queue.pop();
    // An operator may have sent it, or a reload have switched it off, since the queue was made.
    if (!isOpen(ledger.of(next), next.atMs) || !settings().kinds.includes(next.kind)) return this.#sleep(0);
    try {
      const entry = await this.#attempt(next, next.source, ledger.of(next));
      // What a stop broke off is done again after the next start.
      if (this.#stopping.signal.aborted && entry.state === 'waiting') return;
      this.#note(entry);
      if (entry.destinations.length > 0) this.#freeAtMs = now + hourMs / settings().maxPerHour;
    } catch (error) {
      // A fault of ours ends no loop, and sends nothing again and again.
      log.error(`the ${next.kind} report to ${next.domain} about ${next.day} failed: ${String(error)}`);
      this.#note(entryOf(next, 'failed', String(error), now));
    }
    this.#sleep(0);
  }

  /** Looks up what is due within the longest sleep. */
  #fill(nowMs: number): void {
    const { sources, ledger, changed, settings } = this.#parts;
    const oldest = dayBefore(nowMs, keptDays);
    if (ledger.forgetBefore(oldest)) changed();
    if (ledger.isFull) return;
    const { kinds, reporter } = settings();
    const soonMs = nowMs + longestSleepMs;
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
    this.#queue.sort((a, b) => b.atMs - a.atMs);
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
    const wanted = await source.destinations(name);
    if (wanted.kind === 'none') return entryOf(name, 'unwanted', wanted.reason, nowMs);
    if (wanted.kind === 'failed') return this.#waiting(name, before, [], wanted.reason, nowMs);
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

  /** Puts a report that is tried again before long back into the queue. */
  #again(entry: LedgerEntry): void {
    if (entry.state !== 'waiting' || entry.nextMs > this.#parts.dateMs() + longestSleepMs) return;
    const source = this.#parts.sources.find(({ kind }) => kind === entry.kind);
    if (source === undefined) return;
    const { kind, day, domain, nextMs } = entry;
    this.#queue.push({ kind, day, domain, source, atMs: nextMs });
    this.#queue.sort((a, b) => b.atMs - a.atMs);
  }

  #note(entry: LedgerEntry): void {
    const { ledger, changed, log } = this.#parts;
    ledger.set(entry);
    changed();
    this.#again(entry);
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

/** Is there another attempt at this time? */
function isOpen(known: LedgerEntry | undefined, atMs: number): boolean {
  return known === undefined || (known.state === 'waiting' && known.nextMs === atMs);
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

function dayBefore(nowMs: number, days: number): string {
  return new Date(nowMs - days * dayMs).toISOString().slice(0, 10);
}
