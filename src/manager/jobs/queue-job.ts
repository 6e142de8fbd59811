// One job of an operator: walks the queue in slices and changes what matches. Promises: a slice takes some ms; what was
// changed stays changed when the job ends early; what it reports as changed is on stable storage, or it says that it is not.

import type { JobProgress, JobReport, QueueChange } from '../../control/operations/queue-change.ts';
import type { Timers } from '../../io/timers.ts';
import type { MessageHandle, Scheduler } from '../../schedule/types.ts';
import type { SpoolStore } from '../../spool/types.ts';
import type { QueueChanges } from '../queue-changes.ts';
import type { JobPace } from './job-pace.ts';
import { PreviewCounts, wouldChange } from './job-preview.ts';
import { type ChoiceParts, type ChosenMessage, MessageChoice } from './message-choice.ts';

/** A slice ends after this time, or with so many messages looked at or chosen, whatever comes first. */
const sliceMs = 3;
const mostSeen = 5_000;
const mostChosen = 250;
/** Envelopes that are read, and reports that are stored, at the same time. */
const mostReads = 32;
const mostReports = 16;
/** Pause between two reports of progress. */
const progressMs = 500;

export interface JobParts extends ChoiceParts {
  readonly changes: QueueChanges;
  readonly store: Pick<SpoolStore, 'flush' | 'isDamaged' | 'locate'>;
  readonly manager: ChoiceParts['manager'] & { readonly scheduler: Pick<Scheduler, 'counts'> };
  readonly timers: Timers;
}

export class QueueJob {
  readonly #parts: JobParts;
  readonly #change: QueueChange;
  readonly #pace: JobPace;
  readonly #choice: MessageChoice;
  readonly #candidates: Iterator<MessageHandle | undefined, void>;
  readonly #preview = new PreviewCounts();
  readonly #id: number;
  readonly #startedAtMs: number;
  readonly #of: number;
  readonly #ended = Promise.withResolvers<JobReport>();
  #state: JobReport['state'] = 'running';
  #isCancelled = false;
  readonly #cancelled = Promise.withResolvers<void>();
  #seen = 0;
  #recipients = 0;
  #messages = 0;
  /** Recipients of messages that are held or released now, changed or not: outcomes of before may not be on the disk yet. */
  #inForce = 0;
  #unstored = 0;
  #refused = 0;
  #reason = '';
  #progress: JobProgress;

  constructor(id: number, parts: JobParts, change: QueueChange, pace: JobPace) {
    this.#id = id;
    this.#parts = parts;
    this.#change = change;
    this.#pace = pace;
    this.#choice = new MessageChoice(parts, change.filter);
    this.#candidates = this.#choice.candidates();
    this.#startedAtMs = parts.dateMs();
    this.#of = this.#choice.lookUps ?? parts.manager.scheduler.counts().messages;
    this.#progress = this.#now();
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** Resolves to its last report when it has ended; never rejects. */
  get ended(): Promise<JobReport> {
    return this.#ended.promise;
  }

  get report(): JobReport {
    const dryRun = this.#change.dryRun === true;
    return {
      ...(this.isRunning ? this.#progress : this.#now()),
      job: this.#id,
      action: this.#change.action,
      dryRun,
      state: this.#state,
      startedAtMs: this.#startedAtMs,
      unstored: this.#unstored,
      refused: this.#refused,
      reason: this.#reason,
      ...(dryRun && { preview: this.#preview.preview }),
    };
  }

  /** Ends it after the slice that is at work. */
  cancel(): void {
    this.#isCancelled = true;
    this.#cancelled.resolve();
  }

  /** Does the job. @param told - called with its progress every half a second */
  async run(told: (progress: JobProgress) => void): Promise<void> {
    try {
      await this.#walk(told);
      await this.#flush();
      this.#state = this.#isCancelled ? 'cancelled' : 'done';
    } catch (error) {
      this.#state = 'failed';
      this.#reason = reasonOf(error);
    }
    this.#ended.resolve(this.report);
  }

  async #walk(told: (progress: JobProgress) => void): Promise<void> {
    const { changes, timers } = this.#parts;
    const { action, dryRun } = this.#change;
    if (action === 'bounce' && dryRun !== true) {
      await Promise.race([changes.beforeBounce(), this.#cancelled.promise]);
    }
    let toldMs = timers.nowMs();
    for (let isLast = false; !isLast && !this.#isCancelled;) {
      isLast = await this.#step();
      if (timers.nowMs() - toldMs < progressMs) continue;
      const reached = this.#now();
      await this.#flush();
      this.#progress = reached;
      told(reached);
      toldMs = timers.nowMs();
    }
  }

  /** Resolves to true when no message is left. */
  async #step(): Promise<boolean> {
    const { action, dryRun } = this.#change;
    const readsAddresses = this.#choice.looksAtAddresses || (action === 'remove' && dryRun !== true);
    const isOneByOne = action === 'bounce' && dryRun !== true;
    const most = isOneByOne ? mostReports : readsAddresses ? mostReads : mostChosen;
    const chosen: ChosenMessage[] = [];
    const isLast = await this.#pace.slice(() => {
      const end = this.#choose(most, chosen);
      if (!readsAddresses && !isOneByOne) this.#apply(chosen);
      return end;
    });
    if (!readsAddresses && !isOneByOne) return isLast;
    const wanted = readsAddresses ? await this.#byAddresses(chosen) : chosen;
    if (isOneByOne) await Promise.all(wanted.map((each) => this.#bounce(each)));
    else if (wanted.length > 0) await this.#pace.slice(() => this.#apply(wanted));
    return isLast;
  }

  async #byAddresses(chosen: readonly ChosenMessage[]): Promise<ChosenMessage[]> {
    const { timers } = this.#parts;
    const startMs = timers.nowMs();
    const read = await Promise.all(chosen.map((each) => this.#choice.byAddresses(each)));
    this.#pace.spent(timers.nowMs() - startMs);
    return read.filter((each) => each !== undefined);
  }

  /** Looks at messages until the slice is full; true when no message is left. */
  #choose(most: number, chosen: ChosenMessage[]): boolean {
    const { timers } = this.#parts;
    const endMs = timers.nowMs() + sliceMs;
    for (let seen = 1; seen <= mostSeen && chosen.length < most; seen++) {
      const next = this.#candidates.next();
      if (next.done === true) return true;
      this.#seen++;
      const found = next.value === undefined ? undefined : this.#choice.byFacts(next.value);
      if (found !== undefined) chosen.push(found);
      if (seen % 32 === 0 && timers.nowMs() >= endMs) return false;
    }
    return false;
  }

  #apply(chosen: readonly ChosenMessage[]): void {
    const { action, dryRun } = this.#change;
    if (dryRun === true) {
      for (const { queueId, recipients } of chosen) this.#count(queueId, recipients);
      return;
    }
    if (chosen.length === 0 || action === 'bounce') return;
    const { recipients, messages, inForce } = this.#parts.changes.apply(action, chosen);
    this.#recipients += recipients;
    this.#messages += messages;
    this.#inForce += inForce;
  }

  #count(queueId: string, recipients: ChosenMessage['recipients']): void {
    if (this.#parts.changes.isGivingUp(queueId)) return;
    const changed = recipients.filter((each) => wouldChange(this.#change.action, each));
    if (changed.length === 0) return;
    this.#recipients += changed.length;
    this.#messages++;
    this.#preview.add(changed);
  }

  async #bounce(chosen: ChosenMessage): Promise<void> {
    try {
      const count = await this.#parts.changes.bounce(chosen);
      this.#recipients += count;
      if (count > 0) this.#messages++;
    } catch (error) {
      this.#refused += chosen.recipients.length;
      this.#reason = reasonOf(error);
    }
  }

  /** Brings what was changed so far to stable storage. If this fails, the change is in force nevertheless, and goes on. */
  async #flush(): Promise<void> {
    const { action, dryRun } = this.#change;
    // The time of a retry is not kept: after a restart it comes as planned before.
    if (dryRun === true || action === 'retry' || this.#recipients + this.#inForce === 0) return;
    try {
      await this.#parts.store.flush();
      this.#unstored = 0;
    } catch (error) {
      this.#unstored = Math.max(this.#recipients, this.#inForce);
      this.#reason = reasonOf(error);
    }
  }

  #now(): JobProgress {
    return { seen: this.#seen, of: this.#of, recipients: this.#recipients, messages: this.#messages };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
