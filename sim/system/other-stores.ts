// Stores of mail beside that in the folder of the spool, in some worlds: one, which is ill at times, or four, of which one is, and then
// messages have recipients in several.

import { Random } from '../../src/schedule/store/random.ts';
import type { FileLayer } from '../../src/spool/file-layer.ts';
import { storeAccess, type StoreAccess } from '../../src/spool/store-access.ts';
import type { Timers } from '../../src/io/timers.ts';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import type { Ground } from './ground.ts';
import { againMs, IllStore } from './ill-store.ts';

/** Added to the seed of a world for the seed of its other stores, and for that of their number. */
const [seedOffset, numberOffset] = [2_000_000_011, 2_000_000_033];
const shareOfWorlds = 0.25;
const shareOfFive = 0.3;
const most = 4;
/** The number of the store that is ill at times. */
const ill = 1;

/** What processes need to use a store. */
interface OtherStore {
  readonly disk: SimulatedDisk;
  readonly delayMs: () => number;
}

/** A store whose disk is always well. */
class WellStore implements OtherStore {
  disk: SimulatedDisk;
  readonly delayMs: () => number;
  readonly #random: Random;

  constructor(random: Random, capacityBytes: number, diskMs: number) {
    this.#random = random;
    this.disk = new SimulatedDisk({ seed: random.below(1e9), capacityBytes });
    this.delayMs = () => random.next() * diskMs;
  }

  restart(): void {
    this.disk = this.disk.restarted({ seed: this.#random.below(1e9) });
  }
}

export class OtherStores {
  readonly #ill: IllStore;
  readonly #well: readonly WellStore[];
  /** Arrivals of mail of other stores while the ill one hung. */
  arrivalsMeanwhile = 0;
  /** Messages that were stored in several stores, and those of which a part could not be. */
  readonly split = { whole: 0, inPart: 0 };

  private constructor(illStore: IllStore, well: readonly WellStore[]) {
    this.#ill = illStore;
    this.#well = well;
  }

  /** Undefined in a world with one store. */
  static of(seed: number, ground: Ground, capacityBytes: number, diskMs: number): OtherStores | undefined {
    const random = new Random(seed + seedOffset);
    if (random.next() >= shareOfWorlds) return undefined;
    const number = new Random(seed + numberOffset);
    const count = number.next() < shareOfFive ? most : 1;
    const well = Array.from({ length: count - 1 }, () => new WellStore(number, capacityBytes, diskMs));
    return new OtherStores(new IllStore(ground, random, capacityBytes, diskMs), well);
  }

  /** In the order of their numbers, from 1 on. */
  get all(): readonly OtherStore[] {
    return [this.#ill, ...this.#well];
  }

  /** The store for a recipient, where there are so many that mail is split; undefined: a message stays whole. */
  storeFor(address: string): number | undefined {
    if (this.#well.length === 0) return undefined;
    let sum = 0;
    for (const letter of address) sum += letter.codePointAt(0) ?? 0;
    return sum % (this.all.length + 1);
  }

  /** Lets something go wrong with one of them, sometimes; all of it is over after this time. */
  spoil(withinMs: number): void {
    this.#ill.spoil(withinMs);
  }

  /** Is the disk of this store well whenever nothing else is wrong? */
  isAlwaysWell(store: number): boolean {
    return store !== ill;
  }

  /**
   * Can it be that the manager does not know this message yet, because its store could not be read at first?
   * @param wellForMs - for how long nothing has been wrong with everything else
   */
  mayBeAbsent(store: number, wellForMs: number): boolean {
    return wellForMs < againMs || (store === ill && !this.#ill.wasWellFor(againMs));
  }

  /** Mail of a store arrives. */
  arrives(store: number): void {
    if (store !== ill && this.#ill.isHanging) this.arrivalsMeanwhile++;
  }

  /** The power is back. */
  restart(): void {
    this.#ill.restart();
    for (const each of this.#well) each.restart();
  }
}

/** What a process has of the stores of its world. */
interface StoreFiles {
  readonly files: FileLayer;
  readonly otherFiles: readonly FileLayer[];
  readonly timers: Timers;
}

/** The folder of a store. @param spool - that of the first one */
export function folderOf(store: number, spool: string): string {
  return store === 0 ? spool : `/store${store}`;
}

/** A process's access to the stores of its world. @param seen - what it uses of the files of a store; default: all */
export function storesOf(
  spool: string,
  { files, otherFiles, timers }: StoreFiles,
  seen: (files: FileLayer, store: number) => FileLayer = (each) => each,
): readonly StoreAccess[] {
  const all = [files, ...otherFiles].map((each, store) => ({
    directory: folderOf(store, spool),
    files: seen(each, store),
  }));
  const [first = { directory: spool, files }, ...others] = all;
  return storeAccess([first, ...others], timers);
}
