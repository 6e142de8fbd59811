// The manager's store over segments and journal: what is waiting, what became of it, and the tidying up.
// A file goes only after the outcomes that make it dispensable are on stable storage.

import type { FileLayer } from './file-layer.ts';
import { JournalWriter } from './journal-writer.ts';
import { replayJournal } from './journal-reader.ts';
import type { SpoolLayout } from './layout.ts';
import { Maintenance } from './maintenance.ts';
import { QueueState } from './queue-state.ts';
import { queueIdCounter, queueIdSegment } from './queue-id.ts';
import { matchLarge, recoverSegments, type RecoveryPlace } from './recovery.ts';
import { snapshotOf } from './snapshot.ts';
import { SpoolError } from './spool-error.ts';
import type { Outcome, RecoveredMessage, SpoolProblem, SpoolStore, SpoolUsage, StoredRef } from './types.ts';

export interface SegmentStoreOptions {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  readonly slot: number;
  readonly journalSyncMs: number;
  readonly journalBytes: number;
  readonly segmentBytes: number;
  readonly relocateAfterMs: number;
  readonly onProblem: (problem: SpoolProblem) => void;
  readonly onStray: ((message: RecoveredMessage) => void) | undefined;
}

export class SegmentStore implements SpoolStore {
  readonly #options: SegmentStoreOptions;
  readonly #state = new QueueState();
  readonly #journal: JournalWriter;
  readonly #maintenance: Maintenance;
  #phase: 'new' | 'recovering' | 'open' | 'closed' = 'new';
  #maintaining: Promise<void> | undefined;

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
    const { files, layout, journalSyncMs } = options;
    const state = this.#state;
    this.#journal = new JournalWriter({
      files,
      layout,
      syncMs: journalSyncMs,
      errors: state.states.errors,
      snapshot: (journal) => snapshotOf(state, journal),
    });
    this.#maintenance = new Maintenance({ ...options, state, journal: this.#journal, place: this.#place() });
  }

  #place(): RecoveryPlace {
    const { files, layout, onProblem } = this.#options;
    return { files, layout, state: this.#state, report: onProblem, sync: true };
  }

  async *recover(): AsyncGenerator<RecoveredMessage> {
    if (this.#phase !== 'new') throw new SpoolError('SPOOL_NOT_OPEN', 'recover() may be called once only');
    this.#phase = 'recovering';
    const { files, layout, onProblem } = this.#options;
    const state = this.#state;
    const largeAtStart = await files.readdir(layout.large);
    const highest = await replayJournal(files, layout, state, onProblem);
    await this.#journal.start(highest);
    for await (const batch of recoverSegments(this.#place())) yield* batch;
    for (const queueId of state.dropUnplaced()) {
      const text = 'the journal says that it waits, but no segment holds it';
      onProblem({ kind: 'missing', place: queueId, text });
    }
    const { missing } = matchLarge(state, await files.readdir(layout.large));
    for (const queueId of missing) {
      onProblem({ kind: 'missing', place: queueId, text: 'the file of this large message is gone' });
    }
    this.#maintenance.orphans(matchLarge(state, largeAtStart).unclaimed);
    this.#phase = 'open';
    // The journal files of before are needed until this one stands for itself.
    await this.#journal.renew(true).catch(() => undefined);
  }

  #check(): void {
    if (this.#phase === 'recovering' || this.#phase === 'open') return;
    throw new SpoolError('SPOOL_NOT_OPEN', `the store of ${this.#options.layout.directory} is not open`);
  }

  submitted(queueId: string, ref: StoredRef, recipients: number): boolean {
    this.#check();
    const idSegment = queueIdSegment(queueId);
    const counter = queueIdCounter(queueId);
    if (idSegment < 0 || counter < 0) {
      throw new SpoolError('SPOOL_BAD_ENVELOPE', `"${queueId}" is not a queue id of this spool`);
    }
    return this.#state.submitted(idSegment, counter, ref, recipients);
  }

  settle(outcomes: readonly Outcome[]): void {
    this.#check();
    for (const outcome of outcomes) this.#settle(outcome);
  }

  #settle(outcome: Outcome): void {
    const state = this.#state;
    const row = state.rowOf(outcome.queueId);
    if (row < 0 || (state.table.segment[row] ?? -1) < 0) return;
    const { idSegment } = state.groupAt(row);
    const counter = state.table.counter[row] ?? 0;
    switch (outcome.kind) {
      case 'delivered':
      case 'failed':
      case 'removed':
        if (state.recipientDone(row, outcome.recipient)) this.#journal.done(idSegment, counter);
        else this.#journal.recipientDone(idSegment, counter, outcome.recipient);
        break;
      case 'deferred': {
        const { recipient, attempts, nextAttemptAtMs, error } = outcome;
        if (!state.deferred(row, recipient, attempts, nextAttemptAtMs, error)) break;
        const number = state.states.error((state.table.states[row] ?? 0) + recipient);
        this.#journal.deferred(idSegment, counter, recipient, attempts, nextAttemptAtMs, number);
        break;
      }
      case 'held':
      case 'released':
        state.setHeld(row, outcome.kind === 'held');
        this.#journal.held(idSegment, counter, outcome.kind === 'held');
        break;
    }
  }

  locate(queueId: string): StoredRef | undefined {
    const row = this.#state.rowOf(queueId);
    return row < 0 ? undefined : this.#state.refAt(row);
  }

  pin(queueId: string): void {
    const row = this.#state.rowOf(queueId);
    if (row >= 0) this.#state.table.pins[row] = (this.#state.table.pins[row] ?? 0) + 1;
  }

  unpin(queueId: string): void {
    const row = this.#state.rowOf(queueId);
    if (row < 0) return;
    const pins = this.#state.table.pins[row] ?? 0;
    if (pins > 0) this.#state.table.pins[row] = pins - 1;
  }

  maintain(nowMs: number): Promise<void> {
    if (this.#phase !== 'open') return Promise.resolve();
    this.#maintaining ??= this.#maintenance.step(nowMs).finally(() => {
      this.#maintaining = undefined;
    });
    return this.#maintaining;
  }

  usage(): SpoolUsage {
    let bytes = 0;
    for (const segment of this.#state.segments) bytes += segment.length;
    return { segments: this.#state.segments.count, bytes, liveMessages: this.#state.table.count };
  }

  async flush(): Promise<void> {
    this.#check();
    await this.#journal.flush();
  }

  async close(): Promise<void> {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    await this.#maintaining?.catch(() => undefined);
    await this.#maintenance.close();
    await this.#journal.close();
  }
}
