// The journal's writing side: the entries of a moment are one write; a sync follows within `syncMs`. A file that could
// not be written is never touched again: a new one begins with a snapshot of the whole state. Compaction is the same.

import { randomInt } from 'node:crypto';
import type { ErrorTexts } from './error-texts.ts';
import { fdatasync, writeAll } from './file-io.ts';
import type { FileLayer } from './file-layer.ts';
import {
  ENTRY_DONE,
  ENTRY_HELD,
  ENTRY_RELEASED,
  EntryBuffer,
  FRAME_COMPLETE,
  FRAME_ENTRIES,
  JOURNAL_HEADER_BYTES,
  encodeJournalHeader,
} from './journal-entries.ts';
import { journalPath, listJournals, type SpoolLayout } from './layout.ts';
import { writeError } from './spool-error.ts';

const RETRY_MS = 1000;
/** How long entries are gathered: a write costs a thread hop and a system call, however few there are. */
const GATHER_MS = 10;

export interface JournalWriterOptions {
  readonly files: FileLayer;
  readonly layout: SpoolLayout;
  /** Longest time from a write to its sync. */
  readonly syncMs: number;
  readonly errors: ErrorTexts;
  /** Adds entries for the whole state, in pieces of bounded size. */
  readonly snapshot: (journal: JournalWriter) => Iterator<undefined>;
  /** Removes a file that is not needed any more. */
  readonly discard: (path: string, number: number) => Promise<void>;
}

interface JournalFile {
  readonly number: number;
  readonly fd: number;
  readonly tag: number;
  length: number;
  /** Bytes on stable storage. */
  synced: number;
}

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #entries = new EntryBuffer();
  #file: JournalFile | undefined;
  #highest = 0;
  /** Why the current file can no longer be written. */
  #broken: Error | undefined;
  /** Entries were lost with a broken file, and no snapshot has made up for them yet. */
  #incomplete = false;
  #dirty = false;
  #scheduled = false;
  #syncTimer: NodeJS.Timeout | undefined;
  /** One write or sync at a time. */
  #last: Promise<void> = Promise.resolve();
  #renewing: Promise<void> | undefined;
  #closed = false;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  /** Begins a new file after `highest`; entries may be added from now on. */
  async start(highest: number): Promise<void> {
    this.#highest = highest;
    try {
      this.#file = await this.#create();
    } catch (error) {
      throw writeError('beginning a journal file', error);
    }
  }

  /** Number of the file that is written; 0 when there is none. */
  get number(): number {
    return this.#file?.number ?? 0;
  }

  /** Bytes in the current file and waiting for it. */
  get bytes(): number {
    return (this.#file?.length ?? 0) + this.#entries.bytes;
  }

  get waitingBytes(): number {
    return this.#entries.bytes;
  }

  done(idSegment: number, counter: number): void {
    if (!this.#accepts()) return;
    this.#entries.message(ENTRY_DONE, idSegment, counter);
  }

  recipientDone(idSegment: number, counter: number, recipient: number): void {
    if (!this.#accepts()) return;
    this.#entries.recipientDone(idSegment, counter, recipient);
  }

  /** `error` is a number of the error texts. */
  deferred(
    idSegment: number,
    counter: number,
    recipient: number,
    attempts: number,
    nextAttemptAtMs: number,
    error: number,
  ): void {
    if (!this.#accepts()) return;
    const { errors } = this.#options;
    if (error !== 0 && errors.firstIn(this.#file?.number ?? 0, error)) {
      this.#entries.errorText(error, errors.text(error));
    }
    this.#entries.deferred(idSegment, counter, recipient, attempts, nextAttemptAtMs, error);
  }

  held(idSegment: number, counter: number, held: boolean): void {
    if (!this.#accepts()) return;
    this.#entries.message(held ? ENTRY_HELD : ENTRY_RELEASED, idSegment, counter);
  }

  doneRanges(idSegment: number, ranges: readonly number[]): void {
    if (!this.#accepts()) return;
    this.#entries.doneRanges(idSegment, ranges);
  }

  /** While the file is broken nothing is added: the snapshot that begins the next one will say it. */
  #accepts(): boolean {
    if (this.#broken !== undefined) return false;
    if (!this.#scheduled && !this.#closed) {
      this.#scheduled = true;
      setTimeout(() => {
        this.#scheduled = false;
        if (!this.#closed) this.#exclusive(() => this.#write()).catch(() => undefined);
      }, GATHER_MS).unref();
    }
    return true;
  }

  /** Resolves when all entries so far are on stable storage. */
  async flush(): Promise<void> {
    if (this.#incomplete) await this.renew();
    await this.#exclusive(async () => {
      await this.#write();
      await this.#sync();
    });
  }

  /**
   * Begins a new file with a snapshot, or with `inPlace` adds one to the current file, and removes older files when
   * all of it is on stable storage.
   */
  renew(inPlace = false): Promise<void> {
    this.#renewing ??= this.#renew(inPlace).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(inPlace: boolean): Promise<void> {
    if (!inPlace || this.#broken !== undefined) await this.#exclusive(() => this.#switch());
    const snapshot = this.#options.snapshot(this);
    while (snapshot.next().done !== true) await this.#exclusive(() => this.#write());
    await this.#exclusive(async () => {
      await this.#write();
      await this.#writeFrame(FRAME_COMPLETE);
      await this.#sync();
      this.#incomplete = false;
    });
    await this.#removeOlder().catch(() => undefined);
  }

  /** Puts a new file in the old one's place, which gets its last entries and a last sync. */
  async #switch(): Promise<void> {
    const old = this.#file;
    let created: JournalFile;
    try {
      created = await this.#create();
    } catch (error) {
      // A file that works goes on being used.
      throw this.#broken === undefined
        ? writeError('beginning a new journal file', error)
        : this.#failed(error);
    }
    const broken = this.#broken !== undefined;
    // From here to the end of this turn nothing else runs: what was added before goes to the old file.
    const waiting = old !== undefined && this.#entries.bytes > 0;
    const rest = waiting ? this.#entries.take(FRAME_ENTRIES, old.tag, old.synced) : undefined;
    this.#file = created;
    this.#broken = undefined;
    if (old === undefined) return;
    const { files } = this.#options;
    try {
      if (!broken) {
        if (rest !== undefined) await writeAll(files, old.fd, [rest], old.length);
        await fdatasync(files, old.fd);
      }
    } catch {
      // The snapshot in the new file says it all.
    } finally {
      await files.close(old.fd).catch(() => undefined);
    }
  }

  async #create(): Promise<JournalFile> {
    const { files, layout } = this.#options;
    const number = ++this.#highest;
    const tag = randomInt(2 ** 32);
    const fd = await files.open(journalPath(layout, number), 'wx');
    try {
      await writeAll(files, fd, [encodeJournalHeader(number, tag)], 0);
      await files.syncDirectory(layout.journal);
    } catch (error) {
      await files.close(fd).catch(() => undefined);
      throw error;
    }
    return { number, fd, tag, length: JOURNAL_HEADER_BYTES, synced: 0 };
  }

  async #write(): Promise<void> {
    if (this.#entries.bytes > 0) await this.#writeFrame(FRAME_ENTRIES);
  }

  async #writeFrame(kind: number): Promise<void> {
    const file = this.#file;
    if (this.#broken !== undefined || file === undefined) throw this.#failed(this.#broken);
    const frame = this.#entries.take(kind, file.tag, file.synced);
    try {
      await writeAll(this.#options.files, file.fd, [frame], file.length);
    } catch (error) {
      throw this.#failed(error);
    }
    file.length += frame.length;
    this.#dirty = true;
    // What is written survives the end of this process: no need to keep it alive for the sync.
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      this.#exclusive(() => this.#sync()).catch(() => undefined);
    }, this.#options.syncMs).unref();
  }

  async #sync(): Promise<void> {
    const file = this.#file;
    if (this.#broken !== undefined || file === undefined) throw this.#failed(this.#broken);
    if (!this.#dirty) return;
    this.#dirty = false;
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    try {
      const { length } = file;
      await fdatasync(this.#options.files, file.fd);
      file.synced = length;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(cause: unknown): Error {
    const error = writeError('writing the journal', cause);
    if (this.#broken === undefined) {
      this.#broken = error;
      this.#incomplete = true;
      this.#entries.clear();
    }
    this.#dirty = false;
    clearTimeout(this.#syncTimer);
    // While outcomes cannot be written they are kept in memory; the disk may have room again soon.
    this.#syncTimer = this.#closed ? undefined : setTimeout(() => this.#retry(), RETRY_MS).unref();
    return error;
  }

  #retry(): void {
    this.#syncTimer = undefined;
    this.renew().catch(() => undefined);
  }

  async #removeOlder(): Promise<void> {
    const { files, layout } = this.#options;
    const current = this.#file?.number ?? 0;
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

  /** The last entries are written and synced. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#renewing?.catch(() => undefined);
      if (this.#file !== undefined) {
        await this.flush();
        // Without entries: it says that all before it was on stable storage, so that damage there is not taken for the
        // trace of a crash.
        if (this.#file.synced > 0) await this.#exclusive(() => this.#writeFrame(FRAME_ENTRIES));
      }
    } finally {
      clearTimeout(this.#syncTimer);
      const file = this.#file;
      this.#file = undefined;
      if (file !== undefined) await this.#options.files.close(file.fd).catch(() => undefined);
    }
  }
}
