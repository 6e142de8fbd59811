// The file `holds`: a second record of which messages are held, so that damage to the journal alone does not release
// mail that an operator has held. It has the journal's header and frames, and only entries about holds. Changes are
// appended and synced. When the file has grown, it is rewritten under another name and renamed.

import { randomInt } from 'node:crypto';
import { fdatasync, writeAll } from '../file-io.ts';
import type { Timer, Timers } from '../../io/timers.ts';
import type { FileLayer } from '../file-layer.ts';
import {
  entryHeld,
  entryReleased,
  EntryBuffer,
  frameSnapshotEnd,
  frameEntries,
  journalHeaderBytes,
  encodeJournalHeader,
} from './journal-entries.ts';
import type { JournalMark } from './journal-file.ts';
import { holdsPath, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import { writeError } from '../spool-error.ts';
import type { SpoolProblem } from '../types.ts';

/** Changes are gathered for this time, because an operator's command may hold a million messages in thousands of steps. */
const gatherMs = 10;
const pieceBytes = 128 * 1024;
/** The file is rewritten when it is larger than twice its size after the last rewrite, plus this. */
const growthBytes = 256 * 1024;
const retryMs = 5_000;

export interface HoldsFileOptions {
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly layout: SpoolLayout;
  readonly state: QueueState;
  readonly report: (problem: SpoolProblem) => void;
}

interface OpenFile {
  readonly fd: number;
  readonly tag: number;
  /** Length of the file after it was last rewritten. */
  readonly rewrittenBytes: number;
  length: number;
  syncedBytes: number;
}

export class HoldsFile {
  readonly #options: HoldsFileOptions;
  readonly #entries = new EntryBuffer();
  #file: OpenFile | undefined;
  #timer: Timer | undefined;
  /** The last write; the next one waits for it. */
  #lastWrite: Promise<void> = Promise.resolve();
  /** Why the last write failed. */
  #failure: Error | undefined;
  /** Changes exist that are not on stable storage. */
  #hasUnsyncedChanges = false;
  /** Length of the journal at `start` or the last `recordJournalLength`; undefined before `start`. */
  #journal: JournalMark | undefined;
  #isClosed = false;

  constructor(options: HoldsFileOptions) {
    this.#options = options;
  }

  /**
   * Call after recovery: writes the recovered holds, and accepts changes from now on. Never throws: a failure is reported,
   * and the journal has the holds as well.
   */
  async start(journal: JournalMark): Promise<void> {
    this.#journal = journal;
    await this.#writeInTurn();
  }

  /**
   * Rewrites the file with the current length of the journal, so that the next start notices when the journal has become
   * shorter. Never throws: if it fails, the old file stays, and its holds are the same.
   */
  async recordJournalLength(journal: JournalMark): Promise<void> {
    if (this.#journal === undefined || journal.number === 0) return;
    this.#journal = journal;
    this.#lastWrite = this.#lastWrite.then(() => this.#rewriteAfterChanges());
    await this.#lastWrite;
  }

  /** Notes that a message was held or released; it is written soon. */
  addChange(idSegment: number, counter: number, held: boolean): void {
    this.#hasUnsyncedChanges = this.#journal !== undefined;
    this.#entries.message(held ? entryHeld : entryReleased, idSegment, counter);
    // `start` writes the whole state, with all changes that came before it.
    if (this.#journal === undefined) this.#entries.clear();
    else this.#writeLater(gatherMs);
  }

  /**
   * Resolves when all changes so far are on stable storage.
   * @throws {SpoolError} when writing failed: after a restart now, a message that was released may be held
   */
  async flush(): Promise<void> {
    await (this.#hasUnsyncedChanges ? this.#writeInTurn() : this.#lastWrite);
    if (this.#hasUnsyncedChanges && this.#failure !== undefined) throw this.#failure;
  }

  /** @param journal - length of the journal that was closed in order; undefined: closing it failed */
  async close(journal: JournalMark | undefined): Promise<void> {
    try {
      await this.flush();
      if (journal !== undefined) await this.recordJournalLength(journal);
    } finally {
      this.#isClosed = true;
      this.#options.timers.clear(this.#timer);
      await this.#lastWrite;
      await this.#closeFile();
    }
  }

  #writeLater(delayMs: number): void {
    if (this.#isClosed) return;
    const due = (): void => {
      this.#timer = undefined;
      void this.#writeInTurn();
    };
    this.#timer ??= this.#options.timers.setTimeout(due, delayMs).unref();
  }

  #writeInTurn(): Promise<void> {
    this.#lastWrite = this.#lastWrite.then(() => this.#write());
    return this.#lastWrite;
  }

  async #write(): Promise<void> {
    if (this.#isClosed) return;
    const hadUnsyncedChanges = this.#hasUnsyncedChanges;
    this.#hasUnsyncedChanges = false;
    try {
      const file = this.#file;
      if (file === undefined || file.length > 2 * file.rewrittenBytes + growthBytes) await this.#rewrite();
      else await this.#append(file);
      this.#failure = undefined;
    } catch (error) {
      this.#hasUnsyncedChanges ||= hadUnsyncedChanges;
      await this.#closeFile();
      const failure = writeError('writing the file "holds"', error);
      if (this.#failure === undefined) {
        this.#options.report({ kind: 'unwritten', place: 'holds', text: failure.message });
      }
      this.#failure = failure;
      this.#writeLater(retryMs);
    }
  }

  async #rewriteAfterChanges(): Promise<void> {
    do await this.#write();
    while (this.#file !== undefined && this.#entries.bytes > 0);
    if (this.#file === undefined) return;
    // The old file stays in use if this fails.
    await this.#rewrite().catch(() => undefined);
  }

  async #append(file: OpenFile): Promise<void> {
    if (this.#entries.bytes === 0) return;
    const { files } = this.#options;
    const frame = this.#entries.take(frameEntries, file.tag, file.syncedBytes);
    await writeAll(files, file.fd, [frame], file.length);
    file.length += frame.length;
    await fdatasync(files, file.fd);
    file.syncedBytes = file.length;
    // A frame without entries says that everything before it was synced. So a reader can tell damage from a torn end.
    const syncedMark = new EntryBuffer().take(frameEntries, file.tag, file.syncedBytes);
    await writeAll(files, file.fd, [syncedMark], file.length);
    file.length += syncedMark.length;
  }

  /** After a failed write the file is not used again: the next write puts the whole state into a new file. */
  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await this.#options.files.close(file.fd).catch(() => undefined);
  }

  async #rewrite(): Promise<void> {
    const { files, layout } = this.#options;
    const path = holdsPath(layout);
    // The state includes the waiting changes. Changes that come while it is written are appended afterwards.
    this.#entries.clear();
    const fd = await files.open(`${path}.new`, 'w');
    try {
      const tag = randomInt(2 ** 32);
      const length = await this.#writeState(fd, tag);
      await fdatasync(files, fd);
      await files.rename(`${path}.new`, path);
      await files.syncDirectory(layout.directory);
      await this.#closeFile();
      this.#file = { fd, tag, rewrittenBytes: length, length, syncedBytes: length };
    } catch (error) {
      await files.close(fd).catch(() => undefined);
      throw error;
    }
    await this.#append(this.#file);
  }

  async #writeState(fd: number, tag: number): Promise<number> {
    const { files, state } = this.#options;
    const entries = new EntryBuffer();
    let length = 0;
    const write = async (bytes: Buffer): Promise<void> => {
      await writeAll(files, fd, [bytes], length);
      length += bytes.length;
    };
    const { number, bytes } = this.#journal ?? { number: 0, bytes: 0 };
    await write(encodeJournalHeader(number, tag, 0, bytes));
    const { table } = state;
    for (let row = 0; row < table.rows; row++) {
      if (!table.isUsed(row) || !state.holds.isHeld(row)) continue;
      entries.message(entryHeld, state.groupAt(row).idSegment, table.counter[row] ?? 0);
      if (entries.bytes > pieceBytes) await write(entries.take(frameEntries, tag, length));
    }
    if (entries.bytes > 0) await write(entries.take(frameEntries, tag, length));
    // This frame ends the snapshot: without it the file counts as damaged.
    await write(entries.take(frameSnapshotEnd, tag, length));
    return length;
  }
}

/** The content of the file before the first manager has run: no message is held. */
export function emptyHolds(): Buffer {
  const tag = randomInt(2 ** 32);
  const frame = new EntryBuffer().take(frameSnapshotEnd, tag, journalHeaderBytes);
  return Buffer.concat([encodeJournalHeader(0, tag), frame]);
}
