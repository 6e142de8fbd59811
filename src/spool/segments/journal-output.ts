// The output into one journal file: the gathered entries, a frame that waits for room, and the allocated room. Only one
// write, allocation or sync may run at a time; the journal's writer ensures this.

import type { RefusalForms } from './refusal-forms.ts';
import { JournalEntries } from './entry-sink.ts';
import { frameEntries } from './journal-entries.ts';
import type { JournalFile } from './journal-file.ts';
import { SpoolError, isDiskFullOrReadOnly, writeError } from '../spool-error.ts';

export interface JournalOutputOptions {
  readonly refusals: RefusalForms;
  /** Bytes allocated ahead of the entries. */
  readonly roomBytes: number;
  /** Called after a write: it is not synced yet. */
  readonly onWritten: () => void;
  /** Called after a sync, with the number of outcomes since the start that are now on stable storage. */
  readonly onSynced: (outcomes: number) => void;
  /** Called when a write, allocation or sync failed: see `roomError` and `fileError`. */
  readonly onFailed: () => void;
}

/** A frame that has not been written yet. */
interface PendingFrame {
  readonly frame: Buffer;
  /** Number of outcomes since the start that are stored with this frame. */
  readonly outcomes: number;
}

export class JournalOutput {
  readonly entries: JournalEntries;
  /** Number of outcomes since the start. */
  outcomes = 0;
  /** Number of them that have been written to a file. */
  writtenOutcomes = 0;
  readonly #options: JournalOutputOptions;
  #file: JournalFile | undefined;
  #pending: PendingFrame | undefined;
  #roomError: SpoolError | undefined;
  #fileError: SpoolError | undefined;
  #isDirty = false;

  constructor(options: JournalOutputOptions) {
    this.#options = options;
    this.entries = new JournalEntries(options.refusals);
  }

  get file(): JournalFile | undefined {
    return this.#file;
  }

  /** Set while the last write or allocation found no room; outcomes wait in memory. */
  get roomError(): SpoolError | undefined {
    return this.#roomError;
  }

  /** Set when the current file failed in another way: it must not be written any more. */
  get fileError(): SpoolError | undefined {
    return this.#fileError;
  }

  /** Room that is kept for deliveries in progress: with less room, no new delivery should begin. */
  get leastRoomBytes(): number {
    return this.#options.roomBytes / 4;
  }

  /** Why outcomes find no room or soon may find none; undefined while there is enough. */
  get blockedReason(): SpoolError | undefined {
    const isLow = (this.#file?.roomBytes ?? 0) - this.entries.bytes < this.leastRoomBytes;
    return this.#pending !== undefined || isLow ? this.#roomError : undefined;
  }

  /** Writes to this file from now on. @param roomError - why it has less room than it should have */
  use(file: JournalFile, roomError?: SpoolError): void {
    this.#file = file;
    this.#roomError = roomError;
    this.#fileError = undefined;
  }

  /** Notes that there is no file that can be written. */
  markUnwritable(reason: SpoolError): void {
    this.#fileError = reason;
  }

  /** Writes the waiting frame and the entries. With `kind`, a frame of this kind is written even without entries. */
  async write(kind?: number): Promise<void> {
    const file = this.#writable();
    await this.#writePending(file);
    if (kind !== undefined || this.entries.bytes > 0) {
      this.#pending = this.#takeFrame(file, kind ?? frameEntries);
      await this.#writePending(file);
    }
    // After a failure for want of room, only an explicit call of `makeRoom` tries again.
    if (this.#roomError === undefined) await this.makeRoom();
  }

  async #writePending(file: JournalFile): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    try {
      await file.write(pending.frame);
    } catch (error) {
      throw this.#recordFailure(error, isDiskFullOrReadOnly(error));
    }
    this.#pending = undefined;
    this.writtenOutcomes = pending.outcomes;
    this.#isDirty = true;
    this.#options.onWritten();
  }

  #takeFrame(file: JournalFile, kind: number): PendingFrame {
    return { frame: this.entries.take(kind, file.tag, file.syncedBytes), outcomes: this.outcomes };
  }

  /** Syncs the file, if something was written since the last sync. */
  async sync(): Promise<void> {
    const file = this.#writable();
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const { writtenOutcomes } = this;
    try {
      await file.sync();
    } catch (error) {
      throw this.#recordFailure(error, false);
    }
    this.#options.onSynced(writtenOutcomes);
  }

  /** Allocates more room once a quarter of it is used. If the disk is full, the rest of the room stays in use. */
  async makeRoom(): Promise<void> {
    const { roomBytes } = this.#options;
    if (this.#writable().roomBytes < roomBytes - this.leastRoomBytes) {
      try {
        await this.allocate(roomBytes);
      } catch {
        return; // `onFailed` was called; it is tried again later
      }
    }
    this.#roomError = undefined;
  }

  /** Makes room for this number of bytes, and syncs it. */
  async allocate(bytes: number): Promise<void> {
    const file = this.#writable();
    if (file.roomBytes >= bytes) return;
    try {
      await file.allocate(bytes);
    } catch (error) {
      throw this.#recordFailure(error, isDiskFullOrReadOnly(error));
    }
    this.#isDirty = true;
    await this.sync();
  }

  #writable(): JournalFile {
    const file = this.#file;
    if (file === undefined || this.#fileError !== undefined) {
      throw this.#fileError ?? new SpoolError('SPOOL_NOT_OPEN', 'writing the journal: it is not open');
    }
    return file;
  }

  #recordFailure(cause: unknown, withoutRoom: boolean): SpoolError {
    const error = writeError('writing the journal', cause);
    if (withoutRoom) this.#roomError = error;
    else {
      this.#fileError = error;
      this.#pending = undefined;
      this.#roomError = undefined;
      this.#isDirty = false;
      this.entries.clear();
    }
    this.#options.onFailed();
    return error;
  }

  /**
   * Replaces the file by a new one. The old file gets the entries so far and a last sync.
   * @returns why this failed, if so: then a snapshot in the new file must contain these outcomes
   */
  async moveTo(created: JournalFile): Promise<SpoolError | undefined> {
    const old = this.#file;
    // No entry can be added between these lines: all entries so far go to the old file, all later ones to the new file.
    const pending = this.#pending;
    const rest =
      old === undefined || this.#fileError !== undefined ? undefined : this.#takeFrame(old, frameEntries);
    this.#pending = undefined;
    this.use(created);
    try {
      if (old === undefined || rest === undefined) return undefined;
      if (pending !== undefined) await old.write(pending.frame);
      await old.write(rest.frame);
      await old.sync();
      this.writtenOutcomes = rest.outcomes;
      return undefined;
    } catch (error) {
      return writeError('writing the journal', error);
    } finally {
      await old?.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }
}
