// How one of several stores is opened, and what all of them tell together.

import type { SpoolError } from './spool-error.ts';
import type { SpoolStore, StoredMessage, StoredRef, StoreEvents } from './types.ts';

/** One of several stores. Its number is its index in the list. */
export interface StoreOpener {
  /** An operator has stopped its queue: it is not opened before a `start`. */
  readonly isStopped: boolean;
  open(events: StoreEvents): Promise<SpoolStore>;
  /** Reads a message that was reported before the store was there. */
  read(ref: StoredRef): Promise<StoredMessage>;
  /** Free space on its disk, in bytes. */
  freeBytes(): Promise<number>;
  /** Calls back when operations on its disk begin to hang, and when they do no more; see `boundedFiles`. */
  watch(stalled: (isStalled: boolean) => void): void;
}

export interface QueuesEvents extends Omit<StoreEvents, 'onBlocked'> {
  /** As that of a store, with its number. */
  readonly onBlocked: (reason: SpoolError | undefined, store: number) => void;
  /** A store is being stopped: resolves when its mail is forgotten. It is found again when the store is started. */
  readonly onStopped?: (store: number) => Promise<void>;
}
