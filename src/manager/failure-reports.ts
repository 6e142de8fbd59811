// Failures on their way to a report: those of one message are gathered while its other recipients are still being answered,
// so that a mailing to thousands is reported once and not once for each transaction. Promises bounded work: reports are
// written some at a time, and what waits for its turn is a few texts, never a message.

import type { Timer, Timers } from '../io/timers.ts';
import type { StoredRef } from '../spool/types.ts';
import type { ReportedRecipient } from './reported-recipient.ts';

/** A message's failures are reported when for so long none has joined them, ... */
const quietMs = 1_000;
/** ... or when the first has waited for so long, whatever else comes. */
const longestMs = 10_000;
/** How often it is looked for those whose time has come. */
const lookMs = 250;
/** Reports that are written at the same time; each may hold a message of `max_original_size` in memory. */
const maxRunning = 32;
/** Failures that wait for others: with more of them, all are reported at once. */
const maxGathered = 100_000;

interface Gathered {
  readonly recipients: ReportedRecipient[];
  readonly firstAtMs: number;
  lastAtMs: number;
}

interface Ready {
  readonly queueId: string;
  readonly ref: StoredRef;
  readonly recipients: readonly ReportedRecipient[];
}

export interface FailureReportsOptions {
  /** Where the message is, which it keeps from now on; undefined when it is gone. */
  readonly take: (queueId: string) => StoredRef | undefined;
  /** Writes the report about recipients of one message that was taken; never rejects. */
  readonly report: (
    queueId: string,
    ref: StoredRef,
    recipients: readonly ReportedRecipient[],
  ) => Promise<void>;
  readonly timers: Timers;
}

export class FailureReports {
  readonly #take: FailureReportsOptions['take'];
  readonly #report: FailureReportsOptions['report'];
  readonly #timers: Timers;
  readonly #gathered = new Map<string, Gathered>();
  /** Failures in all of them. */
  #failures = 0;
  /** Messages whose failures need not wait. */
  #complete: string[] = [];
  /** Taken, and waiting for their turn. */
  readonly #ready: Ready[] = [];
  #running = 0;
  #timer: Timer | undefined;
  #stopped = false;
  readonly #over = Promise.withResolvers<void>();

  constructor({ take, report, timers }: FailureReportsOptions) {
    this.#take = take;
    this.#report = report;
    this.#timers = timers;
  }

  /** Messages whose report is not stored yet. */
  get waiting(): number {
    return this.#gathered.size + this.#ready.length + this.#running;
  }

  /** A recipient failed, or its success is to be reported. Nothing is written before `start`. */
  add(queueId: string, recipient: ReportedRecipient): void {
    const now = this.#timers.nowMs();
    let gathered = this.#gathered.get(queueId);
    if (gathered === undefined) {
      gathered = { recipients: [], firstAtMs: now, lastAtMs: now };
      this.#gathered.set(queueId, gathered);
    }
    gathered.recipients.push(recipient);
    gathered.lastAtMs = now;
    this.#failures++;
    // A failure that is not booked yet comes again after a crash. A delivery is booked at once: only its report tells of it.
    if (recipient.action === 'relayed') this.#complete.push(queueId);
  }

  /** Nothing more can happen to the message: what has failed of it so far is all. */
  complete(queueId: string): void {
    if (this.#gathered.has(queueId)) this.#complete.push(queueId);
  }

  /** Begins the reports that need not wait. Call it after a batch of `add` and `complete`, before anything is booked. */
  start(): void {
    if (this.#gathered.size === 0 || this.#stopped) return;
    const complete = this.#complete;
    this.#complete = [];
    for (const queueId of complete) this.#makeReady(queueId);
    if (this.#failures > maxGathered) for (const queueId of this.#gathered.keys()) this.#makeReady(queueId);
    this.#run();
    this.#lookLater();
  }

  /**
   * Waits for nothing any more: begins all reports, and resolves when each of them is over. What could not be reported is
   * tried again after the next start.
   */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.clear(this.#timer);
    for (const queueId of this.#gathered.keys()) this.#makeReady(queueId);
    this.#run();
    return this.#running === 0 ? Promise.resolve() : this.#over.promise;
  }

  #makeReady(queueId: string): void {
    const gathered = this.#gathered.get(queueId);
    if (gathered === undefined) return;
    this.#gathered.delete(queueId);
    this.#failures -= gathered.recipients.length;
    const ref = this.#take(queueId);
    if (ref === undefined) return;
    // In the order of the envelope, whatever order they were answered in.
    const recipients = gathered.recipients.toSorted((a, b) => a.recipient - b.recipient);
    this.#ready.push({ queueId, ref, recipients });
  }

  #run(): void {
    while (this.#running < maxRunning) {
      const next = this.#ready.shift();
      if (next === undefined) break;
      this.#running++;
      void this.#report(next.queueId, next.ref, next.recipients).finally(() => {
        this.#running--;
        this.#run();
      });
    }
    if (this.#stopped && this.#running === 0) this.#over.resolve();
  }

  #lookLater(): void {
    if (this.#timer !== undefined || this.#gathered.size === 0) return;
    const look = (): void => {
      this.#timer = undefined;
      const now = this.#timers.nowMs();
      for (const [queueId, { firstAtMs, lastAtMs }] of this.#gathered) {
        if (now >= lastAtMs + quietMs || now >= firstAtMs + longestMs) this.#complete.push(queueId);
      }
      this.start();
    };
    this.#timer = this.#timers.setTimeout(look, lookMs);
  }
}
