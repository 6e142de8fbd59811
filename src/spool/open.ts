// The ways into the queue store: a writer for each process that accepts mail, readers anywhere, and one store in the
// manager.

import { nodeTimers, type Timers } from '../io/timers.ts';
import { prepareDirectory } from './directory.ts';
import { nodeFiles, type FileLayer } from './file-layer.ts';
import { spoolLayout } from './layout.ts';
import { Salvager } from './salvage.ts';
import { SegmentReader } from './segment-reader.ts';
import { SegmentStore } from './segment-store.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { SpoolError } from './spool-error.ts';
import type {
  QueueReader,
  RecoveredMessage,
  SpoolProblem,
  SpoolSalvager,
  SpoolStore,
  SpoolWriter,
} from './types.ts';

export { inspectSpool } from './inspect.ts';

/** The journal is compacted from this size on. */
const journalBytes = 32 * 1024 * 1024;
/** Allocated ahead of outcomes: 300,000 deliveries, or 120,000 tempfails. */
const journalRoomBytes = 4 * 1024 * 1024;

export interface SpoolWriterOptions {
  readonly directory: string;
  /** 0..63, unique per writer of this instance; the store's own slot is another one. */
  readonly slot: number;
  /** A segment is sealed at this size. */
  readonly segmentBytes: number;
  /** Free space kept on the file system. */
  readonly reserveBytes: number;
  /** From this size on the caller uses `openLarge`. */
  readonly largeMessageBytes: number;
  /** `none` acknowledges mail that a power cut can lose. */
  readonly sync: 'fdatasync' | 'none';
  readonly files?: FileLayer;
  /** Unix ms. */
  readonly now?: () => number;
  readonly timers?: Timers;
}

/**
 * Opens the writing side, making the directory if need be.
 * @throws {SpoolError} `SPOOL_FORMAT` on another format version, `SPOOL_WRITE_FAILED`, `SPOOL_FULL`.
 */
export async function openSpoolWriter(options: SpoolWriterOptions): Promise<SpoolWriter> {
  const { directory, slot, segmentBytes, reserveBytes, sync } = options;
  const { files = nodeFiles, now = Date.now, timers = nodeTimers } = options;
  const layout = spoolLayout(directory);
  await prepareDirectory(files, layout, slot);
  return SegmentWriter.open({ layout, slot, segmentBytes, reserveBytes, sync, files, now, timers });
}

/** Opens the reading side; nothing is touched before the first read. */
export function openSpoolReader(options: {
  readonly directory: string;
  readonly files?: FileLayer;
  readonly timers?: Timers;
}): QueueReader {
  return new SegmentReader(options.files ?? nodeFiles, spoolLayout(options.directory), options.timers);
}

/** Opens the spool for taking messages out, damaged ones too; nothing is touched before the first read. */
export function openSalvager(options: {
  readonly directory: string;
  readonly files?: FileLayer;
}): SpoolSalvager {
  return new Salvager(options.files ?? nodeFiles, spoolLayout(options.directory));
}

export interface SpoolStoreOptions {
  readonly directory: string;
  /** 0..63, unlike that of any writer: long-lived segments are made under it. */
  readonly slot: number;
  /** An outcome is synced within this time. */
  readonly journalSyncMs: number;
  /** A journal larger than this, and twice what the state needs, is compacted; 32 MiB unless given. */
  readonly journalBytes?: number;
  /** Room that the journal allocates ahead of outcomes; 4 MiB unless given. */
  readonly journalRoomBytes?: number;
  readonly segmentBytes: number;
  /** Age of a segment from which its last few messages are moved. */
  readonly relocateAfterMs: number;
  readonly files?: FileLayer;
  readonly timers?: Timers;
  /** The date, Unix ms. */
  readonly now?: () => number;
  /** Damage found by recovery and tidying. */
  readonly onProblem?: (problem: SpoolProblem) => void;
  /**
   * A message that is stored but was never reported by its writer, found by tidying half a minute after the writer
   * went away. Without this, such a message waits in its segment for the next recovery.
   */
  readonly onStray?: (message: RecoveredMessage) => void;
  /** Messages whose segment has vanished since recovery: they are held. */
  readonly onDamaged?: (queueIds: readonly string[]) => void;
  /**
   * Called with the reason when outcomes cannot be stored, or when no more of them than of what is in hand may find room:
   * no message should be taken in hand from then on. Called with nothing when all is well again.
   */
  readonly onBlocked?: (reason: SpoolError | undefined) => void;
}

/**
 * Opens the manager's side, making the directory if need be; call `recover` next.
 * @throws {SpoolError} `SPOOL_FORMAT` on another format version, `SPOOL_WRITE_FAILED`, `SPOOL_FULL`.
 */
export async function openSpoolStore(options: SpoolStoreOptions): Promise<SpoolStore> {
  const { directory, slot, journalSyncMs, segmentBytes, relocateAfterMs, files = nodeFiles } = options;
  const { onProblem = () => undefined } = options;
  const layout = spoolLayout(directory);
  await prepareDirectory(files, layout, slot, onProblem);
  return new SegmentStore({
    files,
    timers: options.timers ?? nodeTimers,
    now: options.now ?? Date.now,
    layout,
    slot,
    journalSyncMs,
    journalBytes: options.journalBytes ?? journalBytes,
    journalRoomBytes: options.journalRoomBytes ?? journalRoomBytes,
    segmentBytes,
    relocateAfterMs,
    onProblem,
    onStray: options.onStray,
    onDamaged: options.onDamaged ?? (() => undefined),
    onBlocked: options.onBlocked ?? (() => undefined),
  });
}
