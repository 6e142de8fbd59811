// The file `holds`: a second record of which messages are held, beside the journal, so that no damage to one file
// releases mail that an operator stopped. It has the journal's header and frames, with nothing but entries of holds.
// It is written whole under another name and renamed; changes are appended and synced until it is written anew.

import { randomInt } from 'node:crypto';
import { fdatasync, writeAll } from './file-io.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { FileLayer } from './file-layer.ts';
import {
  entryHeld,
  entryReleased,
  EntryBuffer,
  frameComplete,
  frameEntries,
  journalHeaderBytes,
  encodeJournalHeader,
} from './journal-entries.ts';
import type { JournalMark } from './journal-writer.ts';
import { holdsPath, type SpoolLayout } from './layout.ts';
import type { QueueState } from './queue-state.ts';
import { writeError } from './spool-error.ts';
import type { SpoolProblem } from './types.ts';

/** Changes are gathered for this long: an operator holds a million messages in thousands of steps. */
const gatherMs = 10;
const pieceBytes = 128 * 1024;
/** The file is written anew when it has grown by this, and to twice what it was. */
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
  readonly writtenBytes: number;
  length: number;
  synced: number;
}

export class HoldsFile {
  readonly #options: HoldsFileOptions;
  readonly #entries = new EntryBuffer();
  #file: OpenFile | undefined;
  #timer: Timer | undefined;
  /** One write at a time. */
  #last: Promise<void> = Promise.resolve();
  /** Why the last write failed. */
  #failure: Error | undefined;
  /** There are changes that are not on stable storage. */
  #isBehind = false;
  /** How far the journal was when this started or was closed; undefined before. */
  #journal: JournalMark | undefined;
  #closed = false;

  constructor(options: HoldsFileOptions) {
    this.#options = options;
  }

  /** Recovery is over: writes what it found, and takes changes from now on. Never throws: the journal tells it, too. */
  async start(journal: JournalMark): Promise<void> {
    this.#journal = journal;
    await this.#exclusive();
  }

  /**
   * Writes it anew: from now on it says that the journal is at least as long as this. Never throws: what it says of holds
   * is the same before and after.
   */
  async witness(journal: JournalMark): Promise<void> {
    if (this.#journal === undefined || journal.number === 0) return;
    this.#journal = journal;
    this.#last = this.#last.then(() => this.#renew());
    await this.#last;
  }

  /** A message is held or released. */
  changed(idSegment: number, counter: number, held: boolean): void {
    this.#isBehind = this.#journal !== undefined;
    this.#entries.message(held ? entryHeld : entryReleased, idSegment, counter);
    // What comes before `start` is in the state that it writes.
    if (this.#journal === undefined) this.#entries.clear();
    else this.#later(gatherMs);
  }

  /**
   * Resolves when all changes so far are on stable storage.
   * @throws {SpoolError} when one is not: until it is, a restart may find a released message held
   */
  async flush(): Promise<void> {
    await (this.#isBehind ? this.#exclusive() : this.#last);
    if (this.#isBehind && this.#failure !== undefined) throw this.#failure;
  }

  /** @param journal - how far the journal was closed in order; undefined: it was not */
  async close(journal: JournalMark | undefined): Promise<void> {
    try {
      await this.flush();
      if (journal !== undefined) await this.witness(journal);
    } finally {
      this.#closed = true;
      this.#options.timers.clear(this.#timer);
      await this.#last;
      await this.#drop();
    }
  }

  #later(delayMs: number): void {
    if (this.#closed) return;
    const due = (): void => {
      this.#timer = undefined;
      void this.#exclusive();
    };
    this.#timer ??= this.#options.timers.setTimeout(due, delayMs).unref();
  }

  #exclusive(): Promise<void> {
    this.#last = this.#last.then(() => this.#write());
    return this.#last;
  }

  async #write(): Promise<void> {
    if (this.#closed) return;
    const wasBehind = this.#isBehind;
    this.#isBehind = false;
    try {
      const file = this.#file;
      if (file === undefined || file.length > 2 * file.writtenBytes + growthBytes) await this.#rewrite();
      else await this.#append(file);
      this.#failure = undefined;
    } catch (error) {
      this.#isBehind ||= wasBehind;
      await this.#drop();
      const failure = writeError('writing the second record of what is held', error);
      if (this.#failure === undefined) {
        this.#options.report({ kind: 'unwritten', place: 'holds', text: failure.message });
      }
      this.#failure = failure;
      this.#later(retryMs);
    }
  }

  async #renew(): Promise<void> {
    do await this.#write();
    while (this.#file !== undefined && this.#entries.bytes > 0);
    if (this.#file === undefined) return;
    // The file of before stays as it is until the new one is there, and is used on if that fails.
    await this.#rewrite().catch(() => undefined);
  }

  async #append(file: OpenFile): Promise<void> {
    if (this.#entries.bytes === 0) return;
    const { files } = this.#options;
    const frame = this.#entries.take(frameEntries, file.tag, file.synced);
    await writeAll(files, file.fd, [frame], file.length);
    file.length += frame.length;
    await fdatasync(files, file.fd);
    file.synced = file.length;
    // Without entries: it says that all before it was synced, so that damage is not taken for the trace of a crash.
    const vouches = new EntryBuffer().take(frameEntries, file.tag, file.synced);
    await writeAll(files, file.fd, [vouches], file.length);
    file.length += vouches.length;
  }

  /** What could not be written is not written to that file again: the whole state goes into a new one. */
  async #drop(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await this.#options.files.close(file.fd).catch(() => undefined);
  }

  async #rewrite(): Promise<void> {
    const { files, layout } = this.#options;
    const path = holdsPath(layout);
    // The state knows the changes that wait; those that come from here on are appended.
    this.#entries.clear();
    const fd = await files.open(`${path}.new`, 'w');
    try {
      const tag = randomInt(2 ** 32);
      const length = await this.#writeAll(fd, tag);
      await fdatasync(files, fd);
      await files.rename(`${path}.new`, path);
      await files.syncDirectory(layout.directory);
      await this.#drop();
      this.#file = { fd, tag, writtenBytes: length, length, synced: length };
    } catch (error) {
      await files.close(fd).catch(() => undefined);
      throw error;
    }
    await this.#append(this.#file);
  }

  async #writeAll(fd: number, tag: number): Promise<number> {
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
      if (!table.isUsed(row) || !state.isHeld(row)) continue;
      entries.message(entryHeld, state.groupAt(row).idSegment, table.counter[row] ?? 0);
      if (entries.bytes > pieceBytes) await write(entries.take(frameEntries, tag, length));
    }
    if (entries.bytes > 0) await write(entries.take(frameEntries, tag, length));
    // With this frame the file is whole, and all before it must hold.
    await write(entries.take(frameComplete, tag, length));
    return length;
  }
}

/** The file as it is before the first manager has run: nothing is held. */
export function emptyHolds(): Buffer {
  const tag = randomInt(2 ** 32);
  const frame = new EntryBuffer().take(frameComplete, tag, journalHeaderBytes);
  return Buffer.concat([encodeJournalHeader(0, tag), frame]);
}
