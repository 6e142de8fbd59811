// Opens one store on disk: a writer in each process that accepts mail, readers in any process, and the store of the manager.

import { nodeTimers, type Timers } from '../io/timers.ts';
import { nodeFiles, type FileLayer } from './file-layer.ts';
import { prepareDirectory } from './segments/directory.ts';
import { spoolLayout } from './segments/layout.ts';
import { Salvager } from './segments/salvage.ts';
import { SegmentReader } from './segments/segment-reader.ts';
import { SegmentStore } from './segments/segment-store.ts';
import { SegmentWriter } from './segments/segment-writer.ts';
import type { SpoolError } from './spool-error.ts';
import type {
  QueueReader,
  RecoveredMessage,
  SpoolProblem,
  SpoolSalvager,
  SpoolStore,
  SpoolWriter,
} from './types.ts';

/** The journal is compacted from this size on. */
const journalBytes = 32 * 1024 * 1024;
/** Room in the journal that is allocated ahead: enough for 300,000 deliveries or 120,000 temporary failures. */
const journalRoomBytes = 4 * 1024 * 1024;

export interface SpoolWriterOptions {
  readonly directory: string;
  /** The number of the store among those of the instance. Default: 0. */
  readonly store?: number;
  /** 0..63; no other writer and no store of the instance has the same slot. */
  readonly slot: number;
  /** A segment is sealed at this size. */
  readonly segmentBytes: number;
  /** Free space in bytes that is kept on the file system. */
  readonly reserveBytes: number;
  /** With `none`, a power cut can lose acknowledged mail. */
  readonly sync: 'fdatasync' | 'none';
  /** Messages that are not large are compressed with this level of zstd, where that makes them shorter. Default: they are not. */
  readonly compressionLevel?: number | undefined;
  /** Where the instance has several stores: that of this one. */
  readonly lane?: number | undefined;
  readonly files?: FileLayer;
  /** Unix ms. */
  readonly now?: () => number;
  readonly timers?: Timers;
}

/**
 * Opens a writer. Makes the spool directory if there is none.
 * @throws {SpoolError} `SPOOL_FORMAT` on another format version, `SPOOL_WRITE_FAILED`, `SPOOL_FULL`.
 */
export async function openSpoolWriter(options: SpoolWriterOptions): Promise<SpoolWriter> {
  const { directory, slot, segmentBytes, reserveBytes, sync, compressionLevel } = options;
  const { files = nodeFiles, now = Date.now, store = 0, timers = nodeTimers, lane } = options;
  const layout = spoolLayout(directory);
  await prepareDirectory(files, layout, slot);
  return SegmentWriter.open({
    layout,
    store,
    slot,
    segmentBytes,
    reserveBytes,
    sync,
    compressionLevel,
    lane,
    files,
    now,
    timers,
  });
}

/** Opens a reader. No file is opened before the first read. */
export function openSpoolReader(options: {
  readonly directory: string;
  readonly files?: FileLayer;
  readonly timers?: Timers;
}): QueueReader {
  return new SegmentReader(options.files ?? nodeFiles, spoolLayout(options.directory), options.timers);
}

/** Opens a reader for messages that may be damaged. No file is opened before the first read. */
export function openSalvager(options: {
  readonly directory: string;
  readonly files?: FileLayer;
}): SpoolSalvager {
  return new Salvager(options.files ?? nodeFiles, spoolLayout(options.directory));
}

export interface SpoolStoreOptions {
  readonly directory: string;
  /** The number of the store among those of the instance. Default: 0. */
  readonly store?: number;
  /** 0..63; no writer of the instance has the same slot. The store's own segments are made with it. */
  readonly slot: number;
  /** Longest time from an outcome's write to its sync. */
  readonly journalSyncMs: number;
  /** The journal is compacted when it is larger than this and than twice the size that the state needs. Default: 32 MiB. */
  readonly journalBytes?: number;
  /** Room that the journal allocates ahead for outcomes. Default: 4 MiB. */
  readonly journalRoomBytes?: number;
  readonly segmentBytes: number;
  /** Age of a segment from which its last messages are moved to another one. */
  readonly relocateAfterMs: number;
  readonly files?: FileLayer;
  readonly timers?: Timers;
  /** The current time, Unix ms. */
  readonly now?: () => number;
  /** Receives problems that recovery and maintenance find. */
  readonly onProblem?: (problem: SpoolProblem) => void;
  /**
   * Receives a stored message that its writer has never reported; maintenance finds it half a minute after the writer is
   * gone. Without this callback, such a message waits in its segment for the next recovery.
   */
  readonly onStray?: (message: RecoveredMessage) => void;
  /** Receives messages whose segment has vanished since recovery; they are held. */
  readonly onDamaged?: (queueIds: readonly string[]) => void;
  /**
   * Called with the reason when outcomes cannot be stored, or when there may be room only for the outcomes of deliveries in
   * progress: no new delivery should begin from then on. Called with undefined when there is enough room again.
   */
  readonly onBlocked?: (reason: SpoolError | undefined) => void;
}

/**
 * Opens the manager's store. Makes the spool directory if there is none. Call `recover` next.
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
    store: options.store ?? 0,
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
