// Begins a journal file, which needs room for a snapshot and for the outcomes that follow. The room is checked before
// anything is written, so that repeated attempts do not fill a full disk to the last byte.

import { nextTurn, type Timers } from '../../io/timers.ts';
import type { RefusalForms } from './refusal-forms.ts';
import { EntryMeter, type EntrySink } from './entry-sink.ts';
import type { FileLayer } from '../file-layer.ts';
import { frameHeaderBytes } from './journal-entries.ts';
import { JournalFile } from './journal-file.ts';
import type { SpoolLayout } from './layout.ts';
import { SpoolError } from '../spool-error.ts';

/** The room to allocate for outcomes, after the snapshot. */
export interface RoomRequest {
  readonly wantedBytes: number;
  /** With less room, no new file is made. */
  readonly leastBytes: number;
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

/** Makes a journal file with room for a snapshot and for outcomes. @throws {SpoolError} `SPOOL_FULL` without the room */
export async function beginJournal(
  source: SnapshotSource,
  number: number,
  room: RoomRequest,
): Promise<JournalFile> {
  const { files, layout } = source;
  const free = await files.freeBytes(layout.journal);
  const snapshot = free < room.leastBytes ? 0 : await snapshotBytes(source);
  const following = Math.min(room.wantedBytes, free - snapshot);
  if (following < room.leastBytes) {
    throw new SpoolError(
      'SPOOL_FULL',
      `beginning a journal file: it needs ${snapshot + room.leastBytes} bytes, and the file system has ${Math.max(0, free)}`,
    );
  }
  return JournalFile.create(files, layout, number, snapshot + following, room.isFirst);
}

/** Bytes that a snapshot needs now, frame headers included. Gives other work a turn between two pieces. */
async function snapshotBytes({ snapshot, refusals, timers }: SnapshotSource): Promise<number> {
  const meter = new EntryMeter(refusals);
  const pieces = snapshot(meter);
  // The frame after the last piece.
  let frames = 1;
  while (pieces.next().done !== true) {
    meter.endPiece();
    frames++;
    await nextTurn(timers);
  }
  return meter.totalBytes + frames * frameHeaderBytes;
}
