// One job of an operator: walks the queue in slices and changes what matches. Promises: a slice takes some ms; what was changed stays changed when
// the job ends early; what it reports as changed is on stable storage, or it says that it is not.

import type { JobProgress, JobReport, QueueChange } from '../../control/operations/queue-change.ts';
import type { MessageHandle } from '../../schedule/types.ts';
import { errorText } from '../../policy/error-text.ts';
import type { JobPace } from './job-pace.ts';
import type { JobParts } from './job-parts.ts';
import { PreviewCounts, wouldChange } from './job-preview.ts';
import { Slice } from './slice.ts';
import { type ChosenMessage, MessageChoice } from './message-choice.ts';
import { MoveSteps } from './move-steps.ts';

/** Envelopes that are read, and reports that are stored, at the same time. */
const mostReads = 32;
const mostReports = 16;
/** Pause between two reports of progress. */
const progressMs = 500;

export class QueueJob {
  readonly #parts: JobParts;
  readonly #change: QueueChange;
  readonly #pace: JobPace;
  readonly #choice: MessageChoice;
  readonly #moves: MoveSteps | undefined;
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
  /** Recipients of messages that are held or released now, changed or not. */
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
    if (change.action === 'move') this.#moves = new MoveSteps(parts, change, this.#choice, pace);
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
      await this.#walk(told).then(() => this.#flush());
      this.#state = this.#isCancelled ? 'cancelled' : 'done';
    } catch (error) {
      this.#state = 'failed';
      this.#reason = errorText(error);
    }
    this.#ended.resolve(this.report);
  }

  async #walk(told: (progress: JobProgress) => void): Promise<void> {
    if (this.#change.action === 'bounce' && this.#change.dryRun !== true)
      await Promise.race([this.#parts.changes.sendersHeard(), this.#cancelled.promise]);
    let toldMs = this.#parts.timers.nowMs();
    for (let isLast = false; !isLast && !this.#isCancelled;) {
      isLast = await this.#step();
      if (this.#parts.timers.nowMs() - toldMs < progressMs) continue;
      const reached = this.#now();
      await this.#flush();
      told((this.#progress = reached));
      toldMs = this.#parts.timers.nowMs();
    }
  }

  /** Resolves to true when no message is left. */
  #step(): Promise<boolean> {
    const { action, dryRun } = this.#change;
    if (this.#moves !== undefined) return this.#moveSome(this.#moves);
    if (action === 'reroute') return this.#rerouteSome();
    if (dryRun !== true && action === 'release' && this.#choice.released !== 'placed')
      return this.#releaseSome();
    if (dryRun !== true && action === 'bounce') return this.#bounceSome();
    if (this.#choice.looksAtAddresses || (action === 'remove' && dryRun !== true))
      return this.#changeSomeByAddress();
    return this.#changeSome();
  }

  /** Looks at messages and changes them, one by one, until the slice is over. */
  async #changeSome(): Promise<boolean> {
    return this.#pace.slice(() => {
      const slice = new Slice(this.#parts.timers);
      let isLast = false;
      this.#apply(() => {
        const next = this.#choose(slice);
        isLast = next === 'end';
        return next === 'end' ? undefined : next;
      });
      return isLast;
    });
  }

  async #changeSomeByAddress(): Promise<boolean> {
    const { chosen, isLast } = await this.#chooseSome(mostReads);
    const waiting = (await this.#byAddresses(chosen)).values();
    let isEmpty = false;
    while (!isEmpty) {
      await this.#pace.slice(() => {
        const slice = new Slice(this.#parts.timers);
        this.#apply(() => {
          if (slice.isOver()) return undefined;
          const next = waiting.next();
          isEmpty = next.done === true;
          return next.value;
        });
      });
    }
    return isLast;
  }

  async #bounceSome(): Promise<boolean> {
    const { wanted, isLast } = await this.#chooseAll(mostReports);
    await Promise.all(wanted.map((each) => this.#bounce(each)));
    return isLast;
  }

  async #moveSome(moves: MoveSteps): Promise<boolean> {
    const step = await moves.step(this.#cancelled.promise);
    this.#seen += step.seen;
    this.#recipients += step.recipients;
    this.#messages += step.messages;
    this.#refused += step.refused;
    if (step.reason !== '') this.#reason = step.reason;
    this.#preview.add(step.found);
    return step.isLast;
  }

  async #rerouteSome(): Promise<boolean> {
    const { wanted, isLast } = await this.#chooseAll(mostReads);
    const { changes, reroutes, timers } = this.#parts;
    const startMs = timers.nowMs();
    for (const each of wanted) {
      if (changes.isGivingUp(each.queueId)) continue;
      const moves = await reroutes.movesOf(each);
      const moved = this.#change.dryRun === true ? moves.length : reroutes.move(each, moves);
      if (moved === 0) continue;
      this.#recipients += moved;
      this.#messages++;
      this.#preview.add(moves.map(({ recipient }) => recipient));
      for (const { from, to } of moves) this.#preview.addMove(from, to);
    }
    this.#pace.spent(timers.nowMs() - startMs);
    return isLast;
  }

  /** Releases messages from holds of routes, too, and moves them to the routes behind. */
  async #releaseSome(): Promise<boolean> {
    const { reroutes, timers } = this.#parts;
    const { wanted, isLast } = await this.#chooseAll(mostReads);
    const left = wanted.values();
    const startMs = timers.nowMs();
    this.#apply(() => left.next().value);
    for (const each of wanted) await reroutes.moveReleased(each);
    this.#pace.spent(timers.nowMs() - startMs);
    return isLast;
  }

  /** Chooses among so many messages by all that the filter looks at. */
  async #chooseAll(most: number): Promise<{ readonly wanted: ChosenMessage[]; readonly isLast: boolean }> {
    const { chosen, isLast } = await this.#chooseSome(most);
    return { wanted: this.#choice.looksAtAddresses ? await this.#byAddresses(chosen) : chosen, isLast };
  }

  /** Chooses at most so many messages by their facts. */
  #chooseSome(most: number): Promise<{ readonly chosen: ChosenMessage[]; readonly isLast: boolean }> {
    return this.#pace.slice(() => {
      const slice = new Slice(this.#parts.timers);
      const chosen: ChosenMessage[] = [];
      while (chosen.length < most) {
        const next = this.#choose(slice);
        if (next === 'end') return { chosen, isLast: true };
        if (next === undefined) break;
        chosen.push(next);
      }
      return { chosen, isLast: false };
    });
  }

  async #byAddresses(chosen: readonly ChosenMessage[]): Promise<ChosenMessage[]> {
    const startMs = this.#parts.timers.nowMs();
    const read = await Promise.all(chosen.map((each) => this.#choice.byAddresses(each)));
    this.#pace.spent(this.#parts.timers.nowMs() - startMs);
    return read.filter((each) => each !== undefined);
  }

  /** The next message that matches by its facts; undefined when the slice is over, `end` when no message is left. */
  #choose(slice: Slice): ChosenMessage | 'end' | undefined {
    while (!slice.isOver()) {
      const next = this.#candidates.next();
      if (next.done === true) return 'end';
      this.#seen++;
      const found = next.value === undefined ? undefined : this.#choice.byFacts(next.value);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #apply(next: () => ChosenMessage | undefined): void {
    const { action, dryRun } = this.#change;
    if (dryRun === true || action === 'bounce' || action === 'move' || action === 'reroute') {
      for (let each = next(); each !== undefined; each = next()) this.#count(each.queueId, each.recipients);
      return;
    }
    const changed = this.#parts.changes.apply(action, next, this.#choice.released);
    this.#recipients += changed.recipients;
    this.#messages += changed.messages;
    this.#inForce += changed.inForce;
    this.#refused += changed.refused;
    if (changed.reason !== '') this.#reason = changed.reason;
  }

  #count(queueId: string, recipients: ChosenMessage['recipients']): void {
    if (this.#parts.changes.isGivingUp(queueId)) return;
    const { action } = this.#change;
    const changed = recipients.filter((each) => wouldChange(action, each, this.#choice.released));
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
      this.#reason = errorText(error);
    }
  }

  /** Brings what was changed so far to stable storage. If this fails, the change is in force nevertheless, and goes on. */
  async #flush(): Promise<void> {
    // The time of a retry is not kept: after a restart it comes as planned before. Routes are looked up at each start. A move flushes by itself.
    const { action, dryRun } = this.#change;
    if (dryRun === true || ['retry', 'reroute', 'move'].includes(action)) return;
    if (this.#recipients + this.#inForce === 0) return;
    try {
      await this.#parts.store.flush();
      this.#unstored = 0;
    } catch (error) {
      this.#unstored = Math.max(this.#recipients, this.#inForce);
      this.#reason = errorText(error);
    }
  }

  #now(): JobProgress {
    return { seen: this.#seen, of: this.#of, recipients: this.#recipients, messages: this.#messages };
  }
}
