// How a process gets at the stores of its instance. With one store, its files are used as they are. With several, each has
// its share of this process's threads (`bounded-files.ts`), and their queue ids are never equal.

import type { Timers } from '../io/timers.ts';
import { boundedFiles, threadShare } from './bounded-files.ts';
import { nodeFiles, type FileLayer } from './file-layer.ts';

/** An operation on a disk that takes longer than this counts as hanging. */
const stallMs = 10_000;

/** One of the stores. Its number is its index in the list. */
export interface StoreSettings {
  readonly directory: string;
  /** Free space that is kept on its disk, in place of that of the instance. */
  readonly reserveBytes?: number | undefined;
  /** Its folder is not made where it is missing: its disk may not be mounted. */
  readonly mustExist?: true | undefined;
  readonly files?: FileLayer;
}

export interface StoreAccess {
  readonly number: number;
  readonly directory: string;
  readonly reserveBytes?: number | undefined;
  readonly mustExist?: true | undefined;
  readonly files: FileLayer;
  readonly timers: Timers;
  /** So that its queue ids are those of no other store; undefined for a single store. */
  readonly lane: number | undefined;
  /** Calls back when operations on its disk begin to hang, and when they do no more. Never with a single store. */
  watch(stalled: (isStalled: boolean) => void): void;
}

export function storeAccess(stores: readonly StoreSettings[], timers: Timers): readonly StoreAccess[] {
  const threads = threadShare(stores.length);
  return stores.map(({ directory, reserveBytes, mustExist, files = nodeFiles }, number) => {
    if (stores.length === 1)
      return {
        number,
        directory,
        reserveBytes,
        mustExist,
        files,
        timers,
        lane: undefined,
        watch: () => undefined,
      };
    const watches: ((isStalled: boolean) => void)[] = [];
    const onStall = (isStalled: boolean): void => {
      for (const stalled of watches) stalled(isStalled);
    };
    const bounded = boundedFiles(files, { threads, timers, stallMs, onStall });
    const watch = (stalled: (isStalled: boolean) => void): void => void watches.push(stalled);
    return { number, directory, reserveBytes, mustExist, files: bounded, timers, lane: number, watch };
  });
}
