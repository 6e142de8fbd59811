// The manager's store: recovers waiting messages from segments and journal, records outcomes, and runs the maintenance. A
// file is removed only after the outcomes that make it unnecessary are on stable storage.

import { basename } from 'node:path';
import type { Timers } from '../../io/timers.ts';
import { damageRefusal } from '../../message/refusal.ts';
import { encodeRefusal } from '../../message/refusal-form.ts';
import type { FileLayer } from '../file-layer.ts';
import type { JournalMark } from './journal-file.ts';
import { JournalWriter } from './journal-writer.ts';
import { replayJournal } from './journal-reader.ts';
import { asideProblem, setAside } from './damaged-folder.ts';
import { recoverHolds } from './hold-recovery.ts';
import { HoldsFile } from './holds-file.ts';
import { readHolds } from './holds-reader.ts';
import { holdsPath, readFolder, type SpoolLayout } from './layout.ts';
import { Maintenance } from './maintenance.ts';
import { QueueState } from './queue-state.ts';
import { queueIdCounter, queueIdSegment } from '../queue-id.ts';
import { dropWithoutRecord, recoverSegments, unclaimedLarge, type RecoveryContext } from './recovery.ts';
import { inDoubtProblem, withoutRecordProblem } from './recovery-problems.ts';
import { segmentPlace, segmentRef } from './segment-place.ts';
import { snapshotOf } from './snapshot.ts';
import { SpoolError } from '../spool-error.ts';
import type { Outcome, RecoveredMessage, SpoolProblem, SpoolStore, SpoolUsage, StoredRef } from '../types.ts';

export interface SegmentStoreOptions {
  readonly files: FileLayer;
  readonly timers: Timers;
  /** The current time, Unix ms. */
  readonly now: () => number;
  readonly layout: SpoolLayout;
  /** The number of this store, for references. */
  readonly store: number;
  readonly slot: number;
  readonly journalSyncMs: number;
  readonly journalBytes: number;
  readonly journalRoomBytes: number;
  readonly segmentBytes: number;
  readonly relocateAfterMs: number;
  readonly onProblem: (problem: SpoolProblem) => void;
  readonly onStray: ((message: RecoveredMessage) => void) | undefined;
  readonly onDamaged: (queueIds: readonly string[]) => void;
  readonly onBlocked: (reason: SpoolError | undefined) => void;
}

export class SegmentStore implements SpoolStore {
  readonly isWhole = true;
  readonly #options: SegmentStoreOptions;
  readonly #state = new QueueState();
  readonly #journal: JournalWriter;
  readonly #maintenance: Maintenance;
  readonly #holds: HoldsFile;
  #damagedJournals: ReadonlySet<number> = new Set();
  #phase: 'new' | 'recovering' | 'open' | 'closed' = 'new';
  #maintaining: Promise<void> | undefined;

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
    const { files, timers, layout, journalSyncMs, journalRoomBytes, onBlocked } = options;
    const state = this.#state;
    this.#journal = new JournalWriter({
      files,
      timers,
      layout,
      syncMs: journalSyncMs,
      refusals: state.states.refusals,
      roomBytes: journalRoomBytes,
      snapshot: (sink) => snapshotOf(state, sink),
      discard: (path, number) => this.#discardJournal(path, number),
      onBlocked,
    });
    this.#holds = new HoldsFile({ files, timers, layout, state, report: options.onProblem });
    this.#maintenance = new Maintenance({
      ...options,
      state,
      journal: this.#journal,
      place: this.#place(),
      onDamaged: (queueIds, why) => this.#markVanished(queueIds, why),
    });
  }

  #place(): RecoveryContext {
    const { files, layout, onProblem, store } = this.#options;
    return { files, layout, store, state: this.#state, report: onProblem, sync: true };
  }

  async *recover(): AsyncGenerator<RecoveredMessage> {
    if (this.#phase !== 'new') throw new SpoolError('SPOOL_NOT_OPEN', 'recover() may be called once only');
    this.#phase = 'recovering';
    const { files, layout, onProblem } = this.#options;
    const state = this.#state;
    const largeAtStart = await readFolder(files, layout.large);
    const record = await readHolds(files, layout);
    const replay = await replayJournal(files, layout, state, record, onProblem);
    this.#damagedJournals = replay.damagedFiles;
    const holds = await recoverHolds(files, layout, state, replay, record, onProblem);
    // A journal number is never used twice, because `holds` may still name the file that had it.
    await this.#journal.start(Math.max(replay.highestNumber, record.journalNumber), replay.last, holds.isNew);
    const place = { ...this.#place(), isInDoubt: holds.isInDoubt };
    let inDoubt = 0;
    for await (const batch of recoverSegments(place)) {
      inDoubt += batch.length;
      yield* batch;
    }
    for (const queueId of dropWithoutRecord(state)) {
      onProblem(withoutRecordProblem(queueId));
    }
    if (holds.isInDoubt && inDoubt > 0) onProblem(inDoubtProblem(inDoubt));
    this.#maintenance.setOrphans(unclaimedLarge(state, largeAtStart));
    if (holds.isDamaged) await this.#setAside(holdsPath(layout));
    this.#phase = 'open';
    await this.#holds.start(this.#journal.mark);
    // Older journal files are needed until the new one has the whole state. If the disk had no room for a new file, an older
    // file is still in use, and needs no snapshot.
    if (this.#journal.isRenewalDue) return;
    await this.#journal.renew(true).catch(() => undefined);
    await this.#holds.recordJournalLength(this.#journal.mark);
  }

  /** Removes a journal file; a damaged one is moved to `damaged`, so that people can examine it. */
  #discardJournal(path: string, number: number): Promise<void> {
    return this.#damagedJournals.has(number) ? this.#setAside(path) : this.#options.files.unlink(path);
  }

  async #setAside(path: string): Promise<void> {
    const { files, layout, now, onProblem } = this.#options;
    try {
      const aside = await setAside(files, layout, path, now());
      if (aside !== undefined) onProblem(asideProblem(path, aside));
    } catch (error) {
      const text = `the file is damaged and could not be moved to ${layout.damaged}: ${String(error)}`;
      onProblem({ kind: 'aside', place: basename(path), text });
    }
  }

  #requireOpen(): void {
    if (this.#phase === 'recovering' || this.#phase === 'open') return;
    throw new SpoolError('SPOOL_NOT_OPEN', `the store of ${this.#options.layout.directory} is not open`);
  }

  submitted(queueId: string, ref: StoredRef, recipients: number): boolean {
    this.#requireOpen();
    const idSegment = queueIdSegment(queueId);
    const counter = queueIdCounter(queueId);
    if (idSegment < 0 || counter < 0) {
      throw new SpoolError('SPOOL_BAD_ENVELOPE', `"${queueId}" is not a queue id of this spool`);
    }
    return this.#state.addSubmitted(idSegment, counter, segmentPlace(ref), recipients);
  }

  settle(outcomes: readonly Outcome[]): void {
    this.#requireOpen();
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
        if (state.setRecipientDone(row, outcome.recipient))
          this.#journal.countOutcome()?.done(idSegment, counter);
        else this.#journal.countOutcome()?.recipientDone(idSegment, counter, outcome.recipient);
        break;
      case 'deferred': {
        const { recipient, attempts, nextAttemptAtMs, refusal } = outcome;
        if (!state.setDeferred(row, recipient, attempts, nextAttemptAtMs, refusal)) break;
        const number = state.states.refusal((state.table.states[row] ?? 0) + recipient);
        this.#journal
          .countOutcome()
          ?.deferred(idSegment, counter, recipient, attempts, nextAttemptAtMs, number);
        break;
      }
      case 'held':
      case 'released':
        state.holds.setHeld(row, outcome.kind === 'held');
        if (outcome.kind === 'released') state.clearDamaged(row);
        this.#journal.countOutcome()?.held(idSegment, counter, outcome.kind === 'held');
        this.#holds.addChange(idSegment, counter, outcome.kind === 'held');
        break;
      case 'warned':
        state.table.warnedAfterMs.set(row, outcome.afterMs);
        this.#journal.countOutcome()?.warned(idSegment, counter, outcome.afterMs);
        break;
      case 'passes-holds':
        state.table.setPassesHolds(row);
        this.#journal.countOutcome()?.passesHolds(idSegment, counter);
        break;
      case 'damaged':
        this.#markDamaged(row, outcome.why);
        break;
    }
  }

  #markDamaged(row: number, why: string): void {
    const refusal = encodeRefusal(damageRefusal(why));
    const { states, table } = this.#state;
    const { idSegment } = this.#state.groupAt(row);
    const counter = table.counter[row] ?? 0;
    this.#state.setDamaged(row);
    this.#journal.countOutcome()?.held(idSegment, counter, true);
    this.#holds.addChange(idSegment, counter, true);
    for (let recipient = 0; recipient < (table.recipients[row] ?? 0); recipient++) {
      const base = table.states[row] ?? -1;
      const attempts = base < 0 ? 0 : states.attempts(base + recipient);
      if (!this.#state.setDeferred(row, recipient, attempts, 0, refusal)) continue;
      const number = states.refusal((table.states[row] ?? 0) + recipient);
      this.#journal.countOutcome()?.deferred(idSegment, counter, recipient, attempts, 0, number);
    }
  }

  #markVanished(queueIds: readonly string[], why: string): void {
    const { onDamaged, onProblem } = this.#options;
    for (const queueId of queueIds) {
      this.#settle({ kind: 'damaged', queueId, why });
      onProblem({ kind: 'missing', place: queueId, text: `${why}: the message cannot be delivered` });
    }
    onDamaged(queueIds);
  }

  isDamaged(queueId: string): boolean {
    const row = this.#state.rowOf(queueId);
    return row >= 0 && this.#state.isDamaged(row);
  }

  locate(queueId: string): StoredRef | undefined {
    const row = this.#state.rowOf(queueId);
    const place = row < 0 ? undefined : this.#state.placeAt(row);
    if (place === undefined) return undefined;
    return segmentRef(this.#options.store, place.segment, place.offset, place.length);
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
    const { damagedCount, segments, table } = this.#state;
    return { segments: segments.count, bytes, liveMessages: table.count, damagedMessages: damagedCount };
  }

  get unstored(): number {
    return this.#journal.unstored;
  }

  storeOutcomes(withinMs: number): Promise<number> {
    this.#requireOpen();
    return this.#journal.storeOutcomes(withinMs);
  }

  async flush(): Promise<void> {
    this.#requireOpen();
    await this.#journal.flush();
    await this.#holds.flush();
  }

  async close(): Promise<void> {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    await this.#maintaining?.catch(() => undefined);
    await this.#maintenance.close();
    // `holds` is written last, with the final length of the journal. So the next start notices if the journal loses its end.
    let journal: JournalMark | undefined;
    try {
      journal = await this.#journal.close();
    } finally {
      await this.#holds.close(journal);
    }
  }
}
