// Reads messages that may be damaged from several stores: the reference says from which.

import { SpoolError } from './spool-error.ts';
import type { SalvagedMessage, SpoolSalvager, StoredRef } from './types.ts';

export class QueueSalvagers implements SpoolSalvager {
  /** By the number of the store. */
  #salvagers: readonly SpoolSalvager[] = [];
  readonly #open: (directory: string) => SpoolSalvager;

  /** @param directories - by the number of the store */
  constructor(directories: readonly string[], open: (directory: string) => SpoolSalvager) {
    this.#open = open;
    this.follow(directories);
  }

  /** Closes what is open, and reads these folders from now on. */
  follow(directories: readonly string[]): void {
    this.close();
    this.#salvagers = directories.map((directory) => this.#open(directory));
  }

  async salvage(queueId: string, ref: StoredRef): Promise<SalvagedMessage> {
    const salvager = this.#salvagers[ref.store];
    if (salvager !== undefined) return salvager.salvage(queueId, ref);
    throw new SpoolError('SPOOL_MISSING', `reading a message: there is no store ${ref.store}`);
  }

  close(): void {
    for (const salvager of this.#salvagers) salvager.close();
  }
}
