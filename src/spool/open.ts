// The one place where stores are chosen and opened: a writer in each process that accepts mail, readers in any process, and
// the store of the manager. The functions for all stores of an instance return the only store as it is, and put several
// behind the same contract (`queues.ts`).

import { existsSync } from 'node:fs';
import { nodeTimers, type Timers } from '../io/timers.ts';
import { prepareDirectory } from './segments/directory.ts';
import { nodeFiles, type FileLayer } from './file-layer.ts';
import { formatPath, spoolLayout } from './segments/layout.ts';
import { Salvager } from './segments/salvage.ts';
import { SegmentReader } from './segments/segment-reader.ts';
import { SegmentStore } from './segments/segment-store.ts';
import { SegmentWriter } from './segments/segment-writer.ts';
import { LateWriter } from './late-writer.ts';
import { QueueReaders } from './queue-readers.ts';
import { QueueSalvagers } from './queue-salvagers.ts';
import { Queues, type QueuesEvents, type StoreOpener } from './queues.ts';
import { SpoolError } from './spool-error.ts';
import type { StoreAccess } from './store-access.ts';
import type {
  QueueReader,
  RecoveredMessage,
  SpoolProblem,
  SpoolSalvager,
  SpoolStore,
  SpoolWriter,
  StoreEvents,
} from './types.ts';

export { inspectSpool } from './segments/inspect.ts';

/** The folders of a spool on disk, by who works in them. */
export interface SpoolFolders {
  /** Every process that accepts mail adds files here, and readers read them. The store removes them. */
  readonly written: readonly string[];
  /** The store alone uses these. */
  readonly kept: readonly string[];
}

export function spoolFolders(directory: string): SpoolFolders {
  const { segments, large, journal, damaged } = spoolLayout(directory);
  return { written: [segments, large], kept: [journal, damaged] };
}

/** Whether there is a spool already; the first process that opens one makes it. */
export function isSpool(directory: string): boolean {
  return existsSync(formatPath(spoolLayout(directory)));
}

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
  const { directory, slot, segmentBytes, reserveBytes, sync } = options;
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

/** Opens readers for messages of all stores of the instance that may be damaged. @param directories - by the number of the store */
export function openSalvagers(directories: readonly string[]): SpoolSalvager {
  return new QueueSalvagers(directories.map((directory) => openSalvager({ directory })));
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

type StoreOptions = Omit<SpoolStoreOptions, 'directory' | 'store' | 'files' | 'timers' | keyof StoreEvents>;

/** @throws {SpoolError} `SPOOL_UNREADABLE` when there is no such folder */
async function requireFolder(files: FileLayer, directory: string): Promise<void> {
  try {
    await files.readdir(directory);
  } catch (error) {
    const text = `the folder ${directory} is not there: is its disk mounted?`;
    throw new SpoolError('SPOOL_UNREADABLE', text, { cause: error });
  }
}

/** Opens all stores of the instance for the manager. Call `recover` next. @throws as `openSpoolStore` when there is one */
export async function openStores(
  stores: readonly StoreAccess[],
  options: StoreOptions,
  events: QueuesEvents,
): Promise<SpoolStore> {
  const opener = ({ directory, files, number, timers, mustExist, watch }: StoreAccess): StoreOpener => ({
    open: async (own) => {
      if (mustExist === true) await requireFolder(files, directory);
      const place = { directory, files, timers, store: number };
      return openSpoolStore({ ...options, ...own, ...place });
    },
    freeBytes: () => files.freeBytes(directory),
    read: (ref) => openSpoolReader({ directory, files, timers }).read(ref),
    watch,
  });
  const [only, ...others] = stores;
  if (only === undefined) throw new SpoolError('SPOOL_NOT_OPEN', 'an instance without a store');
  if (others.length > 0) return new Queues(stores.map(opener), events, only.timers);
  return opener(only).open({ ...events, onBlocked: (reason) => events.onBlocked(reason, 0) });
}

/** Opens readers of all stores of the instance. No file is opened before the first read. */
export function openReaders(stores: readonly StoreAccess[]): QueueReader {
  const readers = stores.map((store) => openSpoolReader(store));
  const [only] = readers;
  return only !== undefined && readers.length === 1 ? only : new QueueReaders(readers);
}

type WriterOptions = Omit<SpoolWriterOptions, 'directory' | 'store' | 'lane' | 'files' | 'timers'>;

/**
 * Opens a writer to each store of the instance, by its number.
 * @throws as `openSpoolWriter` when there is one; of several, each comes as soon as it can be opened
 */
export async function openWriters(
  stores: readonly StoreAccess[],
  options: WriterOptions,
): Promise<readonly [SpoolWriter, ...SpoolWriter[]]> {
  const open = async (access: StoreAccess): Promise<SpoolWriter> => {
    const { directory, files, number, lane, timers, mustExist, reserveBytes } = access;
    if (mustExist === true) await requireFolder(files, directory);
    const place = { directory, files, timers, lane, store: number };
    const reserve = reserveBytes ?? options.reserveBytes;
    return openSpoolWriter({ ...options, ...place, reserveBytes: reserve });
  };
  const [only, ...others] = stores;
  if (only === undefined) throw new SpoolError('SPOOL_NOT_OPEN', 'an instance without a store');
  if (others.length === 0) return [await open(only)];
  const late = (store: StoreAccess): LateWriter => new LateWriter(() => open(store), store.timers);
  const writers = [late(only), ...others.map(late)] as const;
  // A store whose disk hangs, or that is not there, comes later.
  await Promise.all(
    stores.map((store, number) => Promise.race([writers[number]?.tried, stalledDisk(store)])),
  );
  return writers;
}

/** Resolves when operations on its disk hang. */
function stalledDisk({ watch }: StoreAccess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  watch((isStalled) => {
    if (isStalled) resolve();
  });
  return promise;
}
