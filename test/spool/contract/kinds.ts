// The kinds of stores that keep the contract of src/spool/types.ts: each is opened the same way, again after a restart.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { nodeTimers } from '../../../src/io/timers.ts';
import { KeptMessages } from '../../../src/spool/memory/kept-messages.ts';
import { MemoryReader } from '../../../src/spool/memory/memory-reader.ts';
import { MemoryStore } from '../../../src/spool/memory/memory-store.ts';
import { MemoryWriter } from '../../../src/spool/memory/memory-writer.ts';
import {
  openReaders,
  openSpoolReader,
  openSpoolStore,
  openSpoolWriter,
  openStores,
} from '../../../src/spool/open.ts';
import { storeAccess } from '../../../src/spool/store-access.ts';
import type { QueueReader, SpoolStore, SpoolWriter } from '../../../src/spool/types.ts';
import { mib, temporaryDirectory, writerDefaults } from '../support.ts';

/** What one instance has kept: open its parts as often as processes start. */
export interface Spool {
  openWriter(slot?: number): Promise<SpoolWriter>;
  /** A writer that finds no room. */
  openFullWriter(): Promise<SpoolWriter>;
  openReader(): QueueReader;
  /** The store of a manager; call `recover` next. */
  openStore(): Promise<SpoolStore>;
}

export interface Kind {
  readonly name: string;
  make(context: TestContext): Promise<Spool>;
}

const segmentStore = (name: string, compressionLevel?: number): Kind => ({
  name,
  make: async (context) => {
    const directory = await temporaryDirectory(context);
    const options = { ...writerDefaults, directory, compressionLevel };
    return {
      openWriter: (slot = 1) => openSpoolWriter({ ...options, slot }),
      openFullWriter: () => openSpoolWriter({ ...options, slot: 2, reserveBytes: Number.MAX_SAFE_INTEGER }),
      openReader: () => openSpoolReader({ directory }),
      openStore: () =>
        openSpoolStore({
          directory,
          slot: 63,
          journalSyncMs: 1000,
          segmentBytes: mib,
          relocateAfterMs: 1_000_000_000,
        }),
    };
  },
});

const memory: Kind = {
  name: 'memory',
  make: async () => {
    const kept = new KeptMessages(64 * mib);
    return {
      openWriter: async (slot = 1) => new MemoryWriter(kept, 0, slot, Date.now),
      openFullWriter: async () => new MemoryWriter(new KeptMessages(0), 0, 2, Date.now),
      openReader: () => new MemoryReader(kept),
      openStore: async () => new MemoryStore(kept, 0),
    };
  },
};

/** A message goes to the store that its writer's slot names. */
const several: Kind = {
  name: 'two segment stores',
  make: async (context) => {
    const directories = [await temporaryDirectory(context), await temporaryDirectory(context)];
    const stores = storeAccess(
      directories.map((directory) => ({ directory })),
      nodeTimers,
    );
    const open = (own: number, reserveBytes: number): Promise<SpoolWriter> => {
      const { directory, files, number, lane } = stores[own % 2] ?? assert.fail();
      const place = { directory, files, store: number, slot: own, lane };
      return openSpoolWriter({ ...writerDefaults, ...place, reserveBytes });
    };
    return {
      openWriter: (slot = 1) => open(slot, 0),
      openFullWriter: () => open(2, Number.MAX_SAFE_INTEGER),
      openReader: () => openReaders(stores),
      openStore: () => {
        const ignore = (): void => undefined;
        const events = { onProblem: ignore, onStray: ignore, onDamaged: ignore, onBlocked: ignore };
        const times = { journalSyncMs: 1000, relocateAfterMs: 1_000_000_000 };
        return openStores(stores, { slot: 31, segmentBytes: mib, ...times }, events);
      },
    };
  },
};

export const kinds: readonly Kind[] = [
  segmentStore('segments'),
  segmentStore('segments, compressed', 1),
  memory,
  several,
];
