// Writes the journal. Entries are gathered for some milliseconds and written together into room that was allocated before;
// a sync follows within `syncMs`. Entries without room wait in memory and are written when there is room. A file that
// failed in another way is never touched again: a new file begins with a snapshot of the whole state.

import type { Timer, Timers } from '../../io/timers.ts';
import type { RefusalForms } from './refusal-forms.ts';
import type { EntrySink, JournalEntries } from './entry-sink.ts';
import type { FileLayer } from '../file-layer.ts';
import { frameSnapshotEnd, frameEntries, frameHeaderBytes } from './journal-entries.ts';
import { JournalFile, type JournalEnd, type JournalMark } from './journal-file.ts';
import { JournalOutput } from './journal-output.ts';
import { beginJournal } from './journal-room.ts';
import { journalPath, listJournals, type SpoolLayout } from './layout.ts';
import { writeError, type SpoolError } from '../spool-error.ts';

/** Pause before a failed write is tried again. */
const retryMs = 500;
/** How long entries are gathered: each write costs a thread hop and a system call, even for a single entry. */
const gatherMs = 10;

export interface JournalWriterOptions {
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly layout: SpoolLayout;
  /** Longest time from a write to its sync. */
  readonly syncMs: number;
  readonly refusals: RefusalForms;
  /** Bytes allocated ahead of the entries. */
  readonly roomBytes: number;
  /** Adds entries for the whole state, in pieces of bounded size. */
  readonly snapshot: (sink: EntrySink) => Iterator<undefined>;
  /** Removes a file that is not needed any more. */
  readonly discard: (path: string, number: number) => Promise<void>;
  /** Called with the reason when outcomes cannot be stored, or soon may not be; with undefined when they can be again. */
  readonly onBlocked: (reason: SpoolError | undefined) => void;
}

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #output: JournalOutput;
  #highestNumber = 0;
  /** Set while outcomes are in no file: the file that should have them failed, and no snapshot is complete yet. */
  #lossReason: SpoolError | undefined;
  /** The reason that `onBlocked` was last called with. */
  #blocked: SpoolError | undefined;
  /** Number of outcomes since the start that are on stable storage. */
  #storedOutcomes = 0;
  #isWriteScheduled = false;
  #syncTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  /** The last write or sync; the next one waits for it. */
  #lastOperation: Promise<void> = Promise.resolve();
  #renewing: Promise<void> | undefined;
  #isRenewalDue = false;
  #isClosed = false;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
    this.#output = new JournalOutput({
      ...options,
      onWritten: () => {
        this.#syncLater();
        this.#reportBlocked();
      },
      onSynced: (outcomes) => {
        this.#stopSyncTimer();
        if (this.#lossReason === undefined) this.#storedOutcomes = outcomes;
      },
      onFailed: () => this.#handleFailure(),
    });
  }

  /**
   * Begins a new file with a number above `highestNumber`. Without room for it, the last file is used on; without a last
   * file, entries stay in memory until there is room. Entries may be added as soon as this resolves.
   * @param isFirst - there has never been a journal, so the new file has the whole state from its beginning
   */
  async start(highestNumber: number, last: JournalEnd | undefined, isFirst: boolean): Promise<void> {
    this.#highestNumber = highestNumber;
    try {
      this.#output.use(await this.#create(this.#options.roomBytes, isFirst));
    } catch (error) {
      this.#isRenewalDue = true;
      await this.#startWithoutRoom(error, last, isFirst);
    }
    this.#reportBlocked();
  }

  async #startWithoutRoom(cause: unknown, last: JournalEnd | undefined, isFirst: boolean): Promise<void> {
    const { files, layout } = this.#options;
    const reason = writeError('beginning a journal file', cause);
    try {
      // After an error of the disk, the old file is not used: its last frames may not be on the disk.
      if (reason.code !== 'SPOOL_FULL') throw reason;
      const file =
        last === undefined
          ? await this.#create(2 * this.#output.leastRoomBytes, isFirst)
          : await JournalFile.reopen(files, layout, last);
      this.#output.use(file, reason);
    } catch {
      this.#output.markUnwritable(reason);
      this.#lossReason = reason;
    }
    this.#retryLater();
  }

  /** The end of what is on stable storage. */
  get mark(): JournalMark {
    return { number: this.#output.file?.number ?? 0, bytes: this.#output.file?.syncedBytes ?? 0 };
  }

  /** Bytes of the current file, and of the entries that wait to be written. */
  get bytes(): number {
    return (this.#output.file?.length ?? 0) + this.#output.entries.bytes;
  }

  /** True while older files should be replaced by a snapshot, and have not been removed yet. */
  get isRenewalDue(): boolean {
    return this.#isRenewalDue;
  }

  /** Number of outcomes that are not on stable storage. */
  get unstored(): number {
    return this.#output.outcomes - this.#storedOutcomes;
  }

  /**
   * Counts an outcome.
   * @returns where to add its entry; undefined after a failure of the file: then the snapshot in the next file contains it
   */
  countOutcome(): JournalEntries | undefined {
    this.#output.outcomes++;
    if (this.#output.fileError !== undefined) return undefined;
    if (!this.#isWriteScheduled && !this.#isClosed) {
      this.#isWriteScheduled = true;
      const gathered = (): void => {
        this.#isWriteScheduled = false;
        if (!this.#isClosed) this.#runIgnoringErrors(() => this.#output.write());
      };
      this.#options.timers.setTimeout(gathered, gatherMs).unref();
    }
    return this.#output.entries;
  }

  /** Resolves when all entries so far are on stable storage. */
  async flush(): Promise<void> {
    do {
      if (this.#lossReason !== undefined) await this.renew();
      await this.#writeAndSync();
      // Meanwhile a compaction may have replaced a file that failed to take its last entries.
    } while (this.#lossReason !== undefined);
  }

  #writeAndSync(): Promise<void> {
    return this.#exclusive(async () => {
      await this.#output.write();
      await this.#output.sync();
    });
  }

  /** Tries for this time to store all outcomes; resolves to the number of outcomes that are not stored. */
  async storeOutcomes(withinMs: number): Promise<number> {
    const { timers } = this.#options;
    const end = timers.nowMs() + withinMs;
    for (;;) {
      try {
        await this.flush();
        return this.unstored;
      } catch {
        // `onBlocked` tells the reason.
      }
      const leftMs = end - timers.nowMs();
      if (this.unstored === 0 || leftMs <= 0) return this.unstored;
      await new Promise<void>((resolve) => {
        timers.setTimeout(resolve, Math.min(leftMs, retryMs));
      });
    }
  }

  /**
   * Writes a snapshot into a new file, or with `inPlace` into the current file, and removes older files when the snapshot
   * is on stable storage. The old file is in use until the new file has its room.
   */
  renew(inPlace = false): Promise<void> {
    this.#renewing ??= this.#renew(inPlace).finally(() => {
      this.#renewing = undefined;
      this.#reportBlocked();
    });
    return this.#renewing;
  }

  async #renew(inPlace: boolean): Promise<void> {
    this.#isRenewalDue = true;
    // The file may be new already: an earlier call has begun it, and found no room for the snapshot.
    const isBegun = inPlace || this.#lossReason !== undefined;
    if (!isBegun || this.#output.fileError !== undefined) await this.#switchFile();
    const snapshot = this.#options.snapshot(this.#output.entries);
    for (let isLast = false; !isLast;) {
      isLast = snapshot.next().done === true;
      await this.#exclusive(() => this.#writeSnapshot(isLast));
    }
    try {
      await this.#removeOlder();
      this.#isRenewalDue = false;
    } catch {
      // The next maintenance step tries again. Until then a start reads these files in vain, which does no harm.
    }
  }

  /** Writes a piece of a snapshot. It must not use the room that is kept for deliveries in progress. */
  async #writeSnapshot(isLast: boolean): Promise<void> {
    const output = this.#output;
    await output.allocate(output.entries.bytes + frameHeaderBytes + output.leastRoomBytes);
    await output.write(isLast ? frameSnapshotEnd : undefined);
    if (!isLast) return;
    await output.sync();
    this.#lossReason = undefined;
    this.#storedOutcomes = output.writtenOutcomes;
  }

  /** Replaces the file by a new one; the old file gets the entries so far and a last sync. */
  async #switchFile(): Promise<void> {
    // In place of a file that works, the new file must get all of the wanted room; in place of a failed file, the least.
    const isBroken = this.#output.fileError !== undefined;
    const leastBytes = isBroken ? 2 * this.#output.leastRoomBytes : this.#options.roomBytes;
    let created: JournalFile;
    try {
      if (!isBroken) await this.#writeAndSync();
      created = await this.#create(leastBytes, false);
    } catch (error) {
      if (this.#output.fileError !== undefined) this.#retryLater();
      throw writeError('beginning a new journal file', error);
    }
    await this.#exclusive(async () => {
      this.#lossReason = (await this.#output.moveTo(created)) ?? this.#lossReason;
    });
  }

  #create(leastBytes: number, isFirst: boolean): Promise<JournalFile> {
    const { roomBytes } = this.#options;
    return beginJournal(this.#options, ++this.#highestNumber, {
      wantedBytes: roomBytes,
      leastBytes,
      isFirst,
    });
  }

  /** The timer does not keep the process alive: written bytes survive the end of the process without a sync. */
  #syncLater(): void {
    if (this.#isClosed) return;
    const { timers, syncMs } = this.#options;
    this.#syncTimer ??= timers
      .setTimeout(() => this.#runIgnoringErrors(() => this.#output.sync()), syncMs)
      .unref();
  }

  #stopSyncTimer(): void {
    this.#options.timers.clear(this.#syncTimer);
    this.#syncTimer = undefined;
  }

  #handleFailure(): void {
    const { fileError } = this.#output;
    if (fileError !== undefined) {
      this.#lossReason = fileError;
      this.#stopSyncTimer();
    }
    this.#retryLater();
    this.#reportBlocked();
  }

  /** Tries again after a pause: the disk may have room by then. */
  #retryLater(): void {
    if (this.#isClosed) return;
    const again = (): void => {
      this.#retryTimer = undefined;
      void this.retry();
    };
    this.#retryTimer ??= this.#options.timers.setTimeout(again, retryMs).unref();
  }

  /** Tries again what failed; does nothing when nothing failed. */
  async retry(): Promise<void> {
    try {
      if (this.#lossReason !== undefined) return await this.renew();
      if (this.#output.roomError === undefined) return;
      await this.#exclusive(async () => {
        await this.#output.write();
        await this.#output.makeRoom();
        await this.#output.sync();
      });
    } catch {
      this.#retryLater();
    } finally {
      this.#reportBlocked();
    }
  }

  /** Calls `onBlocked` if the reason has changed. */
  #reportBlocked(): void {
    const reason = this.#lossReason ?? this.#output.blockedReason;
    if (reason?.message === this.#blocked?.message) return;
    this.#blocked = reason;
    this.#options.onBlocked(reason);
  }

  async #removeOlder(): Promise<void> {
    const { files, layout } = this.#options;
    const current = this.#output.file?.number ?? 0;
    for (const number of await listJournals(files, layout)) {
      if (number < current) await this.#options.discard(journalPath(layout, number), number);
    }
    await files.syncDirectory(layout.journal);
  }

  #exclusive(run: () => Promise<void>): Promise<void> {
    const result = this.#lastOperation.then(run);
    this.#lastOperation = result.catch(() => undefined);
    return result;
  }

  /** For operations that are tried again by a timer after a failure. */
  #runIgnoringErrors(run: () => Promise<void>): void {
    this.#exclusive(run)
      .catch(() => undefined)
      .finally(() => this.#reportBlocked());
  }

  /** Writes and syncs the last entries, and closes the file. Resolves to the journal's final length. */
  async close(): Promise<JournalMark> {
    this.#isClosed = true;
    this.#options.timers.clear(this.#retryTimer);
    try {
      await this.#renewing?.catch(() => undefined);
      if (this.#output.file !== undefined) {
        await this.flush();
        // A frame without entries says that everything before it is on stable storage. So the next start can tell damage
        // from a torn end.
        if (this.#output.file.syncedBytes > 0) await this.#exclusive(() => this.#output.write(frameEntries));
      }
      return this.mark;
    } finally {
      this.#stopSyncTimer();
      await this.#output.close();
    }
  }
}
