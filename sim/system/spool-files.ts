// The files in the folder of the spool, when no mail is left: only those that processes write to may stay.

import { join } from 'node:path';
import type { SimulatedDisk } from '../disk/simulated-disk.ts';
import type { Books } from './books.ts';
import { folderOf, type OtherStores } from './other-stores.ts';

interface SpoolFilesOptions {
  /** The folder of the spool. */
  readonly spool: string;
  /** Receivers that write to it. */
  readonly receivers: number;
  /** Was this message answered with 250? */
  readonly isAccepted: (queueId: string) => boolean;
}

/** The manager writes reports, and moves old messages to segments of their own. */
const managerSlots = 2;

class SpoolFiles {
  readonly #disk: () => SimulatedDisk;
  readonly #options: SpoolFilesOptions;

  constructor(disk: () => SimulatedDisk, options: SpoolFilesOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  get names(): readonly string[] {
    return [...this.#in('segments'), ...this.#in('large'), ...this.#in('journal')];
  }

  /** Has everything been removed that belonged to mail? Of each writer the newest segment stays, perhaps with its index. */
  get areFew(): boolean {
    const segments = new Set(this.#in('segments').map((name) => name.replace('.index', '')));
    return (
      segments.size <= this.#options.receivers + managerSlots &&
      // A large message that was refused because of an error of the disk may be stored all the same; the next start looks.
      !this.#in('large').some(this.#options.isAccepted) &&
      this.#in('journal').length <= 2
    );
  }

  #in(folder: string): readonly string[] {
    return this.#disk().names(join(this.#options.spool, folder));
  }
}

interface World {
  readonly books: Pick<Books, 'isAccepted'>;
  /** Another one after each power cut. */
  readonly disk: SimulatedDisk;
  readonly others: OtherStores | undefined;
  readonly spool: string;
}

/** The files of all stores of a world. */
export function everyFile(
  world: World,
  receivers: number,
): { readonly areFew: () => boolean; readonly names: () => readonly string[] } {
  const { others, spool } = world;
  const isAccepted = (queueId: string): boolean => world.books.isAccepted(queueId);
  const stores = [new SpoolFiles(() => world.disk, { spool, receivers, isAccepted })];
  for (const [index, other] of (others?.all ?? []).entries()) {
    const folder = folderOf(index + 1, spool);
    stores.push(new SpoolFiles(() => other.disk, { spool: folder, receivers, isAccepted }));
  }
  return {
    areFew: () => stores.every(({ areFew }) => areFew),
    names: () => stores.flatMap(({ names }) => names),
  };
}
