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
  /** Its messages are compressed with this level of zstd. */
  readonly compressionLevel?: number | undefined;
  /** Its folder is not made where it is missing: its disk may not be mounted. */
  readonly mustExist?: true | undefined;
  /** An operator has stopped its queue: none of its files is open. */
  readonly isStopped?: boolean | undefined;
  readonly files?: FileLayer;
}

export interface StoreAccess {
  readonly number: number;
  /** Another one after a move, which needs a stop of its queue. */
  readonly directory: string;
  readonly reserveBytes?: number | undefined;
  readonly compressionLevel?: number | undefined;
  readonly mustExist?: true | undefined;
  /** At this moment. */
  readonly isStopped: boolean;
  readonly files: FileLayer;
  readonly timers: Timers;
  /** So that its queue ids are those of no other store; undefined for a single store. */
  readonly lane: number | undefined;
  /** Calls back when operations on its disk begin to hang, and when they do no more. Never with a single store. */
  watch(stalled: (isStalled: boolean) => void): void;
}

type LiveAccess = { -readonly [Name in keyof StoreAccess]: StoreAccess[Name] };

/** The stores of a process, which may be more, stopped or moved later. */
export class LiveStores {
  readonly #all: LiveAccess[];
  readonly #timers: Timers;
  readonly #threads: number;

  constructor(stores: readonly StoreSettings[], timers: Timers) {
    this.#timers = timers;
    this.#threads = threadShare(stores.length);
    this.#all = stores.map((each, number) =>
      stores.length === 1 ? this.#only(each) : this.#oneOfSeveral(each, number),
    );
  }

  /** By number; later stores are added to the same list. */
  get all(): readonly StoreAccess[] {
    return this.#all;
  }

  /** Follows the configuration. A single store stays alone: queues beside it need another start of the process. */
  configure(stores: readonly StoreSettings[]): void {
    if (this.#all.length === 1) return;
    for (const [number, each] of stores.entries()) {
      const known = this.#all[number];
      if (known === undefined) this.#all.push(this.#oneOfSeveral(each, number));
      else {
        known.directory = each.directory;
        known.isStopped = each.isStopped === true;
      }
    }
  }

  #only({ files = nodeFiles, ...settings }: StoreSettings): LiveAccess {
    const place = { ...settings, number: 0, files, timers: this.#timers };
    return { ...place, isStopped: false, lane: undefined, watch: () => undefined };
  }

  #oneOfSeveral(store: StoreSettings, number: number): LiveAccess {
    const { isStopped = false, files = nodeFiles } = store;
    const watches: ((isStalled: boolean) => void)[] = [];
    const onStall = (isStalled: boolean): void => {
      for (const stalled of watches) stalled(isStalled);
    };
    const timers = this.#timers;
    const bounded = boundedFiles(files, { threads: this.#threads, timers, stallMs, onStall });
    const watch = (stalled: (isStalled: boolean) => void): void => void watches.push(stalled);
    const place = { ...store, number, isStopped, timers };
    return { ...place, files: bounded, lane: number, watch };
  }
}

export function storeAccess(stores: readonly StoreSettings[], timers: Timers): readonly StoreAccess[] {
  return new LiveStores(stores, timers).all;
}
