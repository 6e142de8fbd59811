// How a process gets at the stores of its instance. With one store, its files are used as they are. With several, each has
// its share of this process's threads (`bounded-files.ts`) and slots of its own, so that their queue ids are never equal.

import type { Timers } from '../io/timers.ts';
import { boundedFiles, threadShare } from './bounded-files.ts';
import { nodeFiles, type FileLayer } from './file-layer.ts';

/** An operation on a disk that takes longer than this counts as hanging. */
const stallMs = 10_000;

/** One of the stores. Its number is its index in the list. */
export interface StoreSettings {
  readonly directory: string;
  readonly files?: FileLayer;
}

export interface StoreAccess {
  readonly number: number;
  readonly directory: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  /** The slot in this store of a process that has this slot in the instance (docs/spool-format.md). */
  slot(slot: number): number;
  /** Calls back when operations on its disk begin to hang, and when they do no more. Never with a single store. */
  watch(stalled: (isStalled: boolean) => void): void;
}

export function storeAccess(stores: readonly StoreSettings[], timers: Timers): readonly StoreAccess[] {
  const threads = threadShare(stores.length);
  return stores.map(({ directory, files = nodeFiles }, number) => {
    const slot = (own: number): number => own * stores.length + number;
    if (stores.length === 1) return { number, directory, files, timers, slot, watch: () => undefined };
    const watches: ((isStalled: boolean) => void)[] = [];
    const onStall = (isStalled: boolean): void => {
      for (const stalled of watches) stalled(isStalled);
    };
    const bounded = boundedFiles(files, { threads, timers, stallMs, onStall });
    const watch = (stalled: (isStalled: boolean) => void): void => void watches.push(stalled);
    return { number, directory, files: bounded, timers, slot, watch };
  });
}
