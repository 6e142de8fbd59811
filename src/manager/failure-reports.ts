// Failures that are to be reported: those of one message are gathered while its other recipients are still in delivery, so
// that a mailing to thousands gets one report and not one for each transaction. When nothing of the message is under way any
// more, they are reported at once. Promises bounded work: at most `maxRunning`
// reports are written to a store at a time, tenants in turn, and a report that waits for its turn holds a few texts, never a message.
// Where very many wait, deliveries of that store are paused until they are fewer. Reports of one store do not wait for those of another. A tenant
// about whose mail no reports can be written (its key is broken) holds up nobody else: its reports, and then its deliveries, wait alone.

import type { Timer, Timers } from '../io/timers.ts';
import type { MessageHandle } from '../schedule/types.ts';
import type { StoredRef } from '../spool/types.ts';
import type { ReportedRecipient } from './reported-recipient.ts';
import { ReportTurns } from './report-turns.ts';

/** While others are under way, a message's failures are reported when no other one has joined them for this time, ... */
const quietMs = 1_000;
/** ... or when the first failure has waited for this time. */
const longestMs = 30_000;
/** How often gathered failures are checked for these times. */
const lookMs = 250;
/** Reports that are written to one store at the same time; each may hold a message of `max_original_size` in memory. */
const maxRunning = 128;
/** With so many reports of a store that wait, nothing more of its mail is tried ... */
const maxReady = 20_000;
/** ... until there are only so many. */
const fewReady = 19_000;
/** Reports of a tenant that wait until one of them can be written; with more, nothing more of its mail is tried. */
const mostAside = 100;
/** How often one of these is tried. */
const probeMs = 1_000;
/** Most failures that are gathered: with more, all of them are reported at once. */
const maxGathered = 100_000;

interface Gathered {
  readonly recipients: ReportedRecipient[];
  readonly tenant: string;
  readonly firstAtMs: number;
  lastAtMs: number;
}

interface Ready {
  readonly queueId: string;
  readonly tenant: string;
  readonly ref: StoredRef;
  readonly recipients: () => readonly ReportedRecipient[];
}

/** The reports of one store. */
interface Line {
  /** Reports whose message is pinned, waiting for their turn. */
  readonly ready: ReportTurns<Ready>;
  running: number;
  /** Deliveries of the store are paused. */
  isLate: boolean;
  /** Tenants whose deliveries are paused, because reports about their mail cannot be written. */
  readonly lateTenants: Set<string>;
}

export interface FailureReportsOptions {
  /** Pins the message in the spool, and returns its place; undefined when it is gone. */
  readonly take: (queueId: string) => StoredRef | undefined;
  /**
   * Writes the report about recipients of one message that was taken; never rejects. `later`: reports about mail of its tenant cannot be written
   * now, as without the key that signs them.
   */
  readonly report: (
    queueId: string,
    ref: StoredRef,
    recipients: readonly ReportedRecipient[],
  ) => Promise<'over' | 'later'>;
  /** Will other recipients of the message have results soon? Failures wait for these. */
  readonly isUnderWay: (queueId: string, message: MessageHandle) => boolean;
  /** Told when the mail of this store, or of this tenant in it, has too many failures without a report, and when that is over. */
  readonly late?: (isLate: boolean, store: number, tenant?: string) => void;
  /** Reports of a tenant for one turn. Default: 1. */
  readonly weightOf?: (tenant: string) => number;
  readonly timers: Timers;
}

export class FailureReports {
  readonly #take: FailureReportsOptions['take'];
  readonly #report: FailureReportsOptions['report'];
  readonly #timers: Timers;
  readonly #isUnderWay: FailureReportsOptions['isUnderWay'];
  readonly #late: NonNullable<FailureReportsOptions['late']>;
  readonly #weightOf: NonNullable<FailureReportsOptions['weightOf']>;
  readonly #gathered = new Map<string, Gathered>();
  /** Number of failures in `#gathered`. */
  #failures = 0;
  /** Messages whose failures are to be reported now. */
  #complete: string[] = [];
  /** Messages with gathered failures that have had a result since the last `start`. */
  readonly #answered = new Map<string, MessageHandle>();
  /** By the number of the store. */
  readonly #lines = new Map<number, Line>();
  /** Reports that are ready or running. */
  #unfinished = 0;
  #timer: Timer | undefined;
  /** Runs while there are tenants whose reports cannot be written. */
  #probe: Timer | undefined;
  #stopped = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(options: FailureReportsOptions) {
    const { take, report, isUnderWay, timers, late = () => undefined, weightOf = () => 1 } = options;
    this.#isUnderWay = isUnderWay;
    this.#late = late;
    this.#weightOf = weightOf;
    this.#take = take;
    this.#report = report;
    this.#timers = timers;
  }

  /** Messages whose report is not stored yet. */
  get waiting(): number {
    return this.#gathered.size + this.#unfinished;
  }

  /**
   * Adds a recipient that failed, or whose relaying is to be reported. Nothing is written before `start`.
   * @param tenant - whose mail it is; empty: of no tenant
   */
  add(queueId: string, recipient: ReportedRecipient, tenant = ''): void {
    const now = this.#timers.nowMs();
    let gathered = this.#gathered.get(queueId);
    if (gathered === undefined) {
      gathered = { recipients: [], tenant, firstAtMs: now, lastAtMs: now };
      this.#gathered.set(queueId, gathered);
    }
    gathered.recipients.push(recipient);
    gathered.lastAtMs = now;
    this.#failures++;
    // A failure is booked after its report, so a crash repeats both. A delivery is booked at once: its report must not wait.
    if (recipient.action !== 'failed') this.#complete.push(queueId);
  }

  /** A recipient of the message has had a result: nothing of it may be under way any more. */
  answered(queueId: string, message: MessageHandle): void {
    if (this.#gathered.size > 0 && this.#gathered.has(queueId)) this.#answered.set(queueId, message);
  }

  /**
   * Begins a report about a message that waits, in its turn.
   * @param recipients - those that wait when its turn has come; none: there is no report
   */
  warn(queueId: string, recipients: () => readonly ReportedRecipient[], tenant = ''): void {
    if (this.#stopped) return;
    const line = this.#enqueue(queueId, tenant, recipients);
    if (line !== undefined) this.#run(line);
  }

  /** The message has no recipients left: its failures need not wait for others. */
  complete(queueId: string): void {
    if (this.#gathered.has(queueId)) this.#complete.push(queueId);
  }

  /** Begins the reports that need not wait. Call it after a batch of `add` and `complete`, before anything is booked. */
  start(): void {
    if (this.#gathered.size === 0 || this.#stopped) return;
    for (const [queueId, message] of this.#answered) {
      if (!this.#isUnderWay(queueId, message)) this.#complete.push(queueId);
    }
    this.#answered.clear();
    const complete = this.#complete;
    this.#complete = [];
    for (const queueId of complete) this.#makeReady(queueId);
    if (this.#failures > maxGathered) for (const queueId of this.#gathered.keys()) this.#makeReady(queueId);
    for (const [store, line] of this.#lines) {
      this.#run(line);
      if (!line.isLate && line.ready.size >= maxReady) this.#setLate(line, store, true);
    }
    this.#lookLater();
  }

  /**
   * Begins all reports at once, and resolves when each has ended. A failure that could not be reported is repeated after the
   * next start.
   */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.clear(this.#timer);
    for (const queueId of this.#gathered.keys()) this.#makeReady(queueId);
    this.#timers.clear(this.#probe);
    for (const line of this.#lines.values()) {
      for (const tenant of line.ready.aside) line.ready.resume(tenant);
      this.#run(line);
    }
    return this.#unfinished === 0 ? Promise.resolve() : this.#over.promise;
  }

  #makeReady(queueId: string): void {
    const gathered = this.#gathered.get(queueId);
    if (gathered === undefined) return;
    this.#gathered.delete(queueId);
    this.#failures -= gathered.recipients.length;
    // Sorted into the order of the envelope.
    const recipients = gathered.recipients.toSorted((a, b) => a.recipient - b.recipient);
    this.#enqueue(queueId, gathered.tenant, () => recipients);
  }

  /** Returns the line in which the report waits for its turn; undefined when the message is gone. */
  #enqueue(queueId: string, tenant: string, recipients: Ready['recipients']): Line | undefined {
    const ref = this.#take(queueId);
    if (ref === undefined) return undefined;
    let line = this.#lines.get(ref.store);
    if (line === undefined) {
      line = {
        ready: new ReportTurns(this.#weightOf),
        running: 0,
        isLate: false,
        lateTenants: new Set(),
      };
      this.#lines.set(ref.store, line);
    }
    line.ready.add(tenant, { queueId, tenant, ref, recipients });
    this.#unfinished++;
    this.#lookAside(line, ref.store, tenant);
    return line;
  }

  #run(line: Line): void {
    while (line.running < maxRunning) {
      const next = line.ready.take();
      if (next === undefined) break;
      this.#write(line, next);
    }
  }

  #write(line: Line, next: Ready): void {
    const { queueId, recipients, ref, tenant } = next;
    line.running++;
    void this.#report(queueId, ref, recipients()).then((outcome) => {
      line.running--;
      if (outcome === 'later' && !this.#stopped) {
        line.ready.setAside(tenant, next);
        this.#lookAside(line, ref.store, tenant);
        this.#probe ??= this.#timers.setTimeout(() => this.#probeAll(), probeMs);
      } else {
        this.#unfinished--;
        this.#resume(line, ref.store, tenant);
      }
      this.#run(line);
      if (line.isLate && line.ready.size <= fewReady) this.#setLate(line, ref.store, false);
      if (this.#stopped && this.#unfinished === 0) this.#over.resolve();
    });
  }

  /** A report of the tenant was written: the others can be, too. */
  #resume(line: Line, store: number, tenant: string): void {
    line.ready.resume(tenant);
    if (line.lateTenants.delete(tenant)) this.#late(false, store, tenant);
  }

  /** Of each tenant whose reports cannot be written, one is tried. */
  #probeAll(): void {
    this.#probe = undefined;
    for (const line of this.#lines.values()) {
      for (const tenant of line.ready.aside) {
        const next = line.ready.takeAside(tenant);
        if (next !== undefined) this.#write(line, next);
        else line.ready.resume(tenant);
      }
    }
  }

  /** A tenant about whose mail no reports can be written has few that wait: nothing more of its mail is tried then. */
  #lookAside(line: Line, store: number, tenant: string): void {
    if (line.ready.sizeAside(tenant) < mostAside || line.lateTenants.has(tenant)) return;
    line.lateTenants.add(tenant);
    this.#late(true, store, tenant);
  }

  #setLate(line: Line, store: number, isLate: boolean): void {
    line.isLate = isLate;
    this.#late(isLate, store);
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
