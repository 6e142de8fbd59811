// A new journal file needs room for a snapshot and for the outcomes that follow: asked for before anything is written, so
// that a full disk is not filled up to the last byte in vain, again and again.

import { nextTurn, type Timers } from '../io/timers.ts';
import type { RefusalForms } from './refusal-forms.ts';
import { EntryMeter, type EntrySink } from './entry-sink.ts';
import type { FileLayer } from './file-layer.ts';
import { frameHeaderBytes } from './journal-entries.ts';
import { JournalFile } from './journal-file.ts';
import type { SpoolLayout } from './layout.ts';
import { SpoolError } from './spool-error.ts';

/** Room for outcomes behind a snapshot. */
export interface Room {
  readonly wanted: number;
  /** With less than this there is no point in a new file. */
  readonly least: number;
  /** There was no journal before. */
  readonly isFirst: boolean;
}

export interface SnapshotSource {
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly layout: SpoolLayout;
  readonly refusals: RefusalForms;
  /** Adds entries for the whole state, in pieces of bounded size. */
  readonly snapshot: (sink: EntrySink) => Iterator<undefined>;
}

/** Makes a journal file with room for a snapshot and what follows. @throws {SpoolError} `SPOOL_FULL` without the room */
export async function beginJournal(source: SnapshotSource, number: number, room: Room): Promise<JournalFile> {
  const { files, layout } = source;
  const free = await files.freeBytes(layout.journal);
  const snapshot = free < room.least ? 0 : await snapshotBytes(source);
  const following = Math.min(room.wanted, free - snapshot);
  if (following < room.least) {
    throw new SpoolError(
      'SPOOL_FULL',
      `beginning a journal file: it needs ${snapshot + room.least} bytes, and the file system has ${Math.max(0, free)}`,
    );
  }
  return JournalFile.create(files, layout, number, snapshot + following, room.isFirst);
}

/** Bytes that a snapshot takes now, frames included. Other work goes on between its pieces. */
async function snapshotBytes({ snapshot, refusals, timers }: SnapshotSource): Promise<number> {
  const meter = new EntryMeter(refusals);
  const pieces = snapshot(meter);
  // The last piece completes the file.
  let frames = 1;
  while (pieces.next().done !== true) {
    meter.nextPiece();
    frames++;
    await nextTurn(timers);
  }
  return meter.total + frames * frameHeaderBytes;
}
