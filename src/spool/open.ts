// The one place where stores are chosen and opened: a writer in each process that accepts mail, readers in any process, and
// the store of the manager. The functions for all stores of an instance return the only store as it is, and put several
// behind the same contract (`queues.ts`).

import { existsSync } from 'node:fs';
import type { FileLayer } from './file-layer.ts';
import {
  openSalvager,
  openSpoolReader,
  openSpoolStore,
  openSpoolWriter,
  type SpoolStoreOptions,
  type SpoolWriterOptions,
} from './open-one.ts';
import { formatPath, spoolLayout } from './segments/layout.ts';
import { LateWriter } from './late-writer.ts';
import { QueueReaders } from './queue-readers.ts';
import { QueueSalvagers } from './queue-salvagers.ts';
import { Queues } from './queues.ts';
import type { QueuesEvents, StoreOpener } from './store-opener.ts';
import { SpoolError } from './spool-error.ts';
import type { StoreAccess } from './store-access.ts';
import type { QueueReader, SpoolReader, SpoolStore, SpoolWriter, StoreEvents } from './types.ts';

export { inspectSpool } from './segments/inspect.ts';
export {
  openSalvager,
  openSpoolReader,
  openSpoolStore,
  openSpoolWriter,
  type SpoolStoreOptions,
} from './open-one.ts';

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

/** Opens readers for messages of all stores of the instance that may be damaged. @param directories - by the number of the store */
export function openSalvagers(directories: readonly string[]): QueueSalvagers {
  return new QueueSalvagers(directories, (directory) => openSalvager({ directory }));
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

/** How one of several stores is opened; it may be stopped, and moved meanwhile. */
function openerOf(access: StoreAccess, options: StoreOptions): StoreOpener {
  const { files, number, timers, mustExist } = access;
  return {
    get isStopped() {
      return access.isStopped;
    },
    open: async (own) => {
      const { directory } = access;
      if (mustExist === true) await requireFolder(files, directory);
      const place = { directory, files, timers, store: number };
      return openSpoolStore({ ...options, ...own, ...place });
    },
    freeBytes: () => files.freeBytes(access.directory),
    read: (ref) => openSpoolReader({ directory: access.directory, files, timers }).read(ref),
    watch: (stalled) => access.watch(stalled),
  };
}

/** Opens all stores of the instance for the manager. Call `recover` next. @throws as `openSpoolStore` when there is one */
export async function openStores(
  stores: readonly StoreAccess[],
  options: StoreOptions,
  events: QueuesEvents,
): Promise<SpoolStore> {
  const [only, ...others] = stores;
  if (only === undefined) throw new SpoolError('SPOOL_NOT_OPEN', 'an instance without a store');
  const openers = stores.map((each) => openerOf(each, options));
  if (others.length > 0) return new Queues(openers, events, only.timers);
  return openerOf(only, options).open({ ...events, onBlocked: (reason) => events.onBlocked(reason, 0) });
}

/** Has stores of `openStores` follow changes of the list. Resolves when the files of those that stop are closed. */
export async function followStores(
  store: SpoolStore,
  stores: readonly StoreAccess[],
  options: StoreOptions,
): Promise<void> {
  if (store instanceof Queues) await store.follow(stores.map((each) => openerOf(each, options)));
}

/** Opens readers of all stores of the instance. No file is opened before the first read. */
export function openReaders(stores: readonly StoreAccess[]): QueueReader {
  const [only] = stores;
  return only !== undefined && stores.length === 1
    ? openSpoolReader(only)
    : new QueueReaders(stores, openSpoolReader);
}

/** Has readers of `openReaders` follow changes of the list: stores that are new, were moved or stopped. */
export function followReaders(reader: SpoolReader, stores: readonly StoreAccess[]): void {
  if (reader instanceof QueueReaders) reader.follow(stores);
}

type WriterOptions = Omit<
  SpoolWriterOptions,
  'directory' | 'store' | 'lane' | 'files' | 'timers' | 'compressionLevel'
>;

async function openWriter(access: StoreAccess, options: WriterOptions): Promise<SpoolWriter> {
  const { directory, files, number, lane, timers, mustExist, reserveBytes, compressionLevel } = access;
  if (mustExist === true) await requireFolder(files, directory);
  const place = { directory, files, timers, lane, store: number, compressionLevel };
  const reserve = reserveBytes ?? options.reserveBytes;
  return openSpoolWriter({ ...options, ...place, reserveBytes: reserve });
}

/**
 * Opens a writer to each store of the instance, by its number.
 * @throws as `openSpoolWriter` when there is one; of several, each comes as soon as it can be opened
 */
export async function openWriters(
  stores: readonly StoreAccess[],
  options: WriterOptions,
): Promise<[SpoolWriter, ...SpoolWriter[]]> {
  const [only, ...others] = stores;
  if (only === undefined) throw new SpoolError('SPOOL_NOT_OPEN', 'an instance without a store');
  if (others.length === 0) return [await openWriter(only, options)];
  const late = (store: StoreAccess): LateWriter =>
    new LateWriter(() => openWriter(store, options), store.timers, store.isStopped);
  const writers: [LateWriter, ...LateWriter[]] = [late(only), ...others.map(late)];
  // A store whose disk hangs, or that is not there, comes later.
  await Promise.all(
    stores.map((store, number) => Promise.race([writers[number]?.tried, stalledDisk(store)])),
  );
  return writers;
}

/** Has writers of `openWriters` follow changes of the list. Resolves when the files of those that stop are closed. */
export async function followWriters(
  writers: SpoolWriter[],
  stores: readonly StoreAccess[],
  options: WriterOptions,
): Promise<void> {
  const closed = stores.map(async (store, number) => {
    const writer = writers[number];
    if (writer === undefined) {
      writers[number] = new LateWriter(() => openWriter(store, options), store.timers, store.isStopped);
    } else if (writer instanceof LateWriter) {
      if (store.isStopped) await Promise.race([writer.stop(), stalledDisk(store)]);
      else writer.start();
    }
  });
  await Promise.all(closed);
}

/** Resolves when operations on its disk hang. */
function stalledDisk({ watch }: StoreAccess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  watch((isStalled) => {
    if (isStalled) resolve();
  });
  return promise;
}
