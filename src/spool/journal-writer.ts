// The journal's writing side: the entries of a moment are one write into room that was allocated before; a sync follows
// within `syncMs`. What cannot be written for want of room waits in memory, and is written to the same place when it
// can be. A file that failed otherwise is never touched again: a new one begins with a snapshot of the whole state.

import type { Timer, Timers } from '../io/timers.ts';
import type { RefusalForms } from './refusal-forms.ts';
import type { EntrySink, JournalEntries } from './entry-sink.ts';
import type { FileLayer } from './file-layer.ts';
import { frameComplete, frameEntries, frameHeaderBytes } from './journal-entries.ts';
import { JournalFile, type JournalEnd } from './journal-file.ts';
import { JournalOutput } from './journal-output.ts';
import { beginJournal } from './journal-room.ts';
import { journalPath, listJournals, type SpoolLayout } from './layout.ts';
import { writeError, type SpoolError } from './spool-error.ts';

/** How often writing is tried again after it failed. */
const retryMs = 500;
/** How long entries are gathered: a write costs a thread hop and a system call, however few there are. */
const gatherMs = 10;

/** How far the journal had come at some time. */
export interface JournalMark {
  /** The file that is written; 0 when there is none. */
  readonly number: number;
  /** Bytes of it that are on stable storage, up to the end of a frame. */
  readonly bytes: number;
}

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
  /** Called when outcomes cannot be stored or soon could not be, with the reason; with nothing when all is well again. */
  readonly onBlocked: (reason: SpoolError | undefined) => void;
}

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #output: JournalOutput;
  #highest = 0;
  /** Why outcomes are in no file: they were lost with a broken one, and no snapshot has made up for them yet. */
  #incomplete: SpoolError | undefined;
  #blocked: SpoolError | undefined;
  /** Outcomes that are on stable storage. */
  #stored = 0;
  #scheduled = false;
  #syncTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  /** One write or sync at a time. */
  #last: Promise<void> = Promise.resolve();
  #renewing: Promise<void> | undefined;
  #renewalDue = false;
  #closed = false;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
    this.#output = new JournalOutput({
      ...options,
      onWritten: () => {
        this.#syncLater();
        this.#tell();
      },
      onSynced: (outcomes) => {
        this.#stopSyncTimer();
        if (this.#incomplete === undefined) this.#stored = outcomes;
      },
      onFailed: () => this.#failed(),
    });
  }

  /**
   * Begins a new file after `highest`, or without room for one goes on in the last one; entries may be added from now
   * on. Without either they are kept in memory until there is room.
   * @param isFirst - there was no journal before, and nothing that one could have told
   */
  async start(highest: number, last: JournalEnd | undefined, isFirst: boolean): Promise<void> {
    this.#highest = highest;
    try {
      this.#output.use(await this.#create(this.#options.roomBytes, isFirst));
    } catch (error) {
      this.#renewalDue = true;
      await this.#startWithoutRoom(error, last, isFirst);
    }
    this.#tell();
  }

  async #startWithoutRoom(cause: unknown, last: JournalEnd | undefined, isFirst: boolean): Promise<void> {
    const { files, layout } = this.#options;
    const reason = writeError('beginning a journal file', cause);
    try {
      // A disk that fails must not be trusted with what it has failed to keep before.
      if (reason.code !== 'SPOOL_FULL') throw reason;
      const file =
        last === undefined
          ? await this.#create(2 * this.#output.leastRoom, isFirst)
          : await JournalFile.reopen(files, layout, last);
      this.#output.use(file, reason);
    } catch {
      this.#output.hasNone(reason);
      this.#incomplete = reason;
    }
    this.#retryLater();
  }

  /** How far the journal is on stable storage. */
  get mark(): JournalMark {
    return { number: this.#output.file?.number ?? 0, bytes: this.#output.file?.synced ?? 0 };
  }

  /** Bytes in the current file and waiting for it. */
  get bytes(): number {
    return (this.#output.file?.length ?? 0) + this.#output.entries.bytes;
  }

  /** Older files should go and have not gone yet. */
  get renewalDue(): boolean {
    return this.#renewalDue;
  }

  /** Outcomes that are not on stable storage. */
  get unstored(): number {
    return this.#output.outcomes - this.#stored;
  }

  /**
   * Counts an outcome.
   * @returns where its entry goes; undefined while the file is broken: the snapshot that begins the next one will say it
   */
  accept(): JournalEntries | undefined {
    this.#output.outcomes++;
    if (this.#output.broken !== undefined) return undefined;
    if (!this.#scheduled && !this.#closed) {
      this.#scheduled = true;
      const gathered = (): void => {
        this.#scheduled = false;
        if (!this.#closed) this.#quietly(() => this.#output.write());
      };
      this.#options.timers.setTimeout(gathered, gatherMs).unref();
    }
    return this.#output.entries;
  }

  /** Resolves when all entries so far are on stable storage. */
  async flush(): Promise<void> {
    do {
      if (this.#incomplete !== undefined) await this.renew();
      await this.#writeAndSync();
      // A compaction may have moved on meanwhile from a file that did not take its last entries.
    } while (this.#incomplete !== undefined);
  }

  #writeAndSync(): Promise<void> {
    return this.#exclusive(async () => {
      await this.#output.write();
      await this.#output.sync();
    });
  }

  /** Tries to store what is not stored until this time is over; resolves to the number of outcomes that still are not. */
  async settled(withinMs: number): Promise<number> {
    const { timers } = this.#options;
    const end = timers.nowMs() + withinMs;
    for (;;) {
      try {
        await this.flush();
        return this.unstored;
      } catch {
        // Why is told by `onBlocked`.
      }
      const leftMs = end - timers.nowMs();
      if (this.unstored === 0 || leftMs <= 0) return this.unstored;
      await new Promise<void>((resolve) => {
        timers.setTimeout(resolve, Math.min(leftMs, retryMs));
      });
    }
  }

  /**
   * Begins a new file with a snapshot, or with `inPlace` adds one to the current file, and removes older files when
   * all of it is on stable storage. The new file has its room before the old one is given up.
   */
  renew(inPlace = false): Promise<void> {
    this.#renewing ??= this.#renew(inPlace).finally(() => {
      this.#renewing = undefined;
      this.#tell();
    });
    return this.#renewing;
  }

  async #renew(inPlace: boolean): Promise<void> {
    this.#renewalDue = true;
    // A new file whose snapshot found no room at first is as good as another one.
    const isBegun = inPlace || this.#incomplete !== undefined;
    if (!isBegun || this.#output.broken !== undefined) await this.#switch();
    const snapshot = this.#options.snapshot(this.#output.entries);
    for (let isLast = false; !isLast;) {
      isLast = snapshot.next().done === true;
      await this.#exclusive(() => this.#writeSnapshot(isLast));
    }
    try {
      await this.#removeOlder();
      this.#renewalDue = false;
    } catch {
      // The next step of the tidying tries again: until then they are read in vain, and do no harm.
    }
  }

  /** Writes a piece of a snapshot; the room that is kept for what is in hand is not for it. */
  async #writeSnapshot(isLast: boolean): Promise<void> {
    const output = this.#output;
    await output.allocate(output.entries.bytes + frameHeaderBytes + output.leastRoom);
    await output.write(isLast ? frameComplete : undefined);
    if (!isLast) return;
    await output.sync();
    this.#incomplete = undefined;
    this.#stored = output.written;
  }

  /** Puts a new file in the old one's place, which gets its last entries and a last sync. */
  async #switch(): Promise<void> {
    // A file that works keeps its place until the new one has all of its room; in place of a broken one any will do.
    const isBroken = this.#output.broken !== undefined;
    const room = isBroken ? 2 * this.#output.leastRoom : this.#options.roomBytes;
    let created: JournalFile;
    try {
      if (!isBroken) await this.#writeAndSync();
      created = await this.#create(room, false);
    } catch (error) {
      if (this.#output.broken !== undefined) this.#retryLater();
      throw writeError('beginning a new journal file', error);
    }
    await this.#exclusive(async () => {
      this.#incomplete = (await this.#output.moveTo(created)) ?? this.#incomplete;
    });
  }

  #create(least: number, isFirst: boolean): Promise<JournalFile> {
    const { roomBytes } = this.#options;
    return beginJournal(this.#options, ++this.#highest, { wanted: roomBytes, least, isFirst });
  }

  /** What is written survives the end of this process: no need to keep it alive for the sync. */
  #syncLater(): void {
    if (this.#closed) return;
    const { timers, syncMs } = this.#options;
    this.#syncTimer ??= timers.setTimeout(() => this.#quietly(() => this.#output.sync()), syncMs).unref();
  }

  #stopSyncTimer(): void {
    this.#options.timers.clear(this.#syncTimer);
    this.#syncTimer = undefined;
  }

  #failed(): void {
    const { broken } = this.#output;
    if (broken !== undefined) {
      this.#incomplete = broken;
      this.#stopSyncTimer();
    }
    this.#retryLater();
    this.#tell();
  }

  /** The disk may have room again soon. */
  #retryLater(): void {
    if (this.#closed) return;
    const again = (): void => {
      this.#retryTimer = undefined;
      void this.retry();
    };
    this.#retryTimer ??= this.#options.timers.setTimeout(again, retryMs).unref();
  }

  /** Tries again what failed: nothing when all is well. */
  async retry(): Promise<void> {
    try {
      if (this.#incomplete !== undefined) return await this.renew();
      if (this.#output.short === undefined) return;
      await this.#exclusive(async () => {
        await this.#output.write();
        await this.#output.makeRoom();
        await this.#output.sync();
      });
    } catch {
      this.#retryLater();
    } finally {
      this.#tell();
    }
  }

  /** Says whether outcomes can be stored whenever that has changed. */
  #tell(): void {
    const reason = this.#incomplete ?? this.#output.blocked;
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
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** For what is tried again by itself. */
  #quietly(run: () => Promise<void>): void {
    this.#exclusive(run)
      .catch(() => undefined)
      .finally(() => this.#tell());
  }

  /** The last entries are written and synced. Resolves to how far the journal is on stable storage for good. */
  async close(): Promise<JournalMark> {
    this.#closed = true;
    this.#options.timers.clear(this.#retryTimer);
    try {
      await this.#renewing?.catch(() => undefined);
      if (this.#output.file !== undefined) {
        await this.flush();
        // Without entries: it says that all before it was on stable storage, so that damage there is not taken for the
        // trace of a crash.
        if (this.#output.file.synced > 0) await this.#exclusive(() => this.#output.write(frameEntries));
      }
      return this.mark;
    } finally {
      this.#stopSyncTimer();
      await this.#output.close();
    }
  }
}
