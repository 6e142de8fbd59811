// What is on its way into a journal file: entries that are gathered, a frame that waits for room, and the room itself.
// One write, allocation or sync at a time; the journal's writer sees to that.

import type { RefusalForms } from './refusal-forms.ts';
import { JournalEntries } from './entry-sink.ts';
import { frameEntries } from './journal-entries.ts';
import type { JournalFile } from './journal-file.ts';
import { SpoolError, isWithoutRoom, writeError } from './spool-error.ts';

export interface JournalOutputOptions {
  readonly refusals: RefusalForms;
  /** Bytes allocated ahead of the entries. */
  readonly roomBytes: number;
  /** Something was written that is not synced yet. */
  readonly onWritten: () => void;
  /** So many outcomes, and all before them, are on stable storage. */
  readonly onSynced: (outcomes: number) => void;
  /** A write, allocation or sync failed: see `short` and `broken`. */
  readonly onFailed: () => void;
}

/** A frame that is to be written, and how many outcomes there were when it was made. */
interface Pending {
  readonly frame: Buffer;
  readonly outcomes: number;
}

export class JournalOutput {
  readonly entries: JournalEntries;
  /** Outcomes that were added, and that are in the file or were when it was left. */
  outcomes = 0;
  written = 0;
  readonly #options: JournalOutputOptions;
  #file: JournalFile | undefined;
  #pending: Pending | undefined;
  #short: SpoolError | undefined;
  #broken: SpoolError | undefined;
  #isDirty = false;

  constructor(options: JournalOutputOptions) {
    this.#options = options;
    this.entries = new JournalEntries(options.refusals);
  }

  get file(): JournalFile | undefined {
    return this.#file;
  }

  /** Why the last write or allocation found no room. */
  get short(): SpoolError | undefined {
    return this.#short;
  }

  /** Why the current file can no longer be written. */
  get broken(): SpoolError | undefined {
    return this.#broken;
  }

  /** Room that is kept for what is in hand: with less of it, nothing more should be taken in hand. */
  get leastRoom(): number {
    return this.#options.roomBytes / 4;
  }

  /** Why outcomes find no room, or soon may find none. */
  get blocked(): SpoolError | undefined {
    const isLow = (this.#file?.room ?? 0) - this.entries.bytes < this.leastRoom;
    return this.#pending !== undefined || isLow ? this.#short : undefined;
  }

  /** Writes to this file from now on. @param short - why there is less room than there should be */
  use(file: JournalFile, short?: SpoolError): void {
    this.#file = file;
    this.#short = short;
    this.#broken = undefined;
  }

  /** No file can be written. */
  hasNone(reason: SpoolError): void {
    this.#broken = reason;
  }

  /** Writes what waits, and with `kind` a frame of that kind in any case. */
  async write(kind?: number): Promise<void> {
    const file = this.#writable();
    await this.#writePending(file);
    if (kind !== undefined || this.entries.bytes > 0) {
      this.#pending = this.#takeFrame(file, kind ?? frameEntries);
      await this.#writePending(file);
    }
    // Without room it is asked for again by `makeRoom` only.
    if (this.#short === undefined) await this.makeRoom();
  }

  async #writePending(file: JournalFile): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined) return;
    try {
      await file.write(pending.frame);
    } catch (error) {
      throw this.#failed(error, isWithoutRoom(error));
    }
    this.#pending = undefined;
    this.written = pending.outcomes;
    this.#isDirty = true;
    this.#options.onWritten();
  }

  #takeFrame(file: JournalFile, kind: number): Pending {
    return { frame: this.entries.take(kind, file.tag, file.synced), outcomes: this.outcomes };
  }

  /** Does nothing when nothing was written since the last time. */
  async sync(): Promise<void> {
    const file = this.#writable();
    if (!this.#isDirty) return;
    this.#isDirty = false;
    const { written } = this;
    try {
      await file.sync();
    } catch (error) {
      throw this.#failed(error, false);
    }
    this.#options.onSynced(written);
  }

  /** Allocates ahead once a quarter of the room is used. Without more of it, what there is goes on being used. */
  async makeRoom(): Promise<void> {
    const { roomBytes } = this.#options;
    if (this.#writable().room < roomBytes - this.leastRoom) {
      try {
        await this.allocate(roomBytes);
      } catch {
        return; // it was told, and is tried again
      }
    }
    this.#short = undefined;
  }

  /** Sees to it that there is room for so many bytes. */
  async allocate(bytes: number): Promise<void> {
    const file = this.#writable();
    if (file.room >= bytes) return;
    try {
      await file.allocate(bytes);
    } catch (error) {
      throw this.#failed(error, isWithoutRoom(error));
    }
    this.#isDirty = true;
    await this.sync();
  }

  #writable(): JournalFile {
    const file = this.#file;
    if (file === undefined || this.#broken !== undefined) {
      throw this.#broken ?? new SpoolError('SPOOL_NOT_OPEN', 'writing the journal: it is not open');
    }
    return file;
  }

  #failed(cause: unknown, withoutRoom: boolean): SpoolError {
    const error = writeError('writing the journal', cause);
    if (withoutRoom) this.#short = error;
    else {
      this.#broken = error;
      this.#pending = undefined;
      this.#short = undefined;
      this.#isDirty = false;
      this.entries.clear();
    }
    this.#options.onFailed();
    return error;
  }

  /**
   * Puts a new file in the old one's place, which gets its last entries and a last sync.
   * @returns why the old one did not take them: a snapshot in the new file has to tell them
   */
  async moveTo(created: JournalFile): Promise<SpoolError | undefined> {
    const old = this.#file;
    // From here to the end of this turn nothing else runs: what was added before goes to the old file.
    const pending = this.#pending;
    const rest =
      old === undefined || this.#broken !== undefined ? undefined : this.#takeFrame(old, frameEntries);
    this.#pending = undefined;
    this.use(created);
    try {
      if (old === undefined || rest === undefined) return undefined;
      if (pending !== undefined) await old.write(pending.frame);
      await old.write(rest.frame);
      await old.sync();
      this.written = rest.outcomes;
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
