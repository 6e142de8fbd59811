// Reads messages that may be damaged from several stores: the reference says from which.

import { SpoolError } from './spool-error.ts';
import type { SalvagedMessage, SpoolSalvager, StoredRef } from './types.ts';

export class QueueSalvagers implements SpoolSalvager {
  readonly #salvagers: readonly SpoolSalvager[];

  /** @param salvagers - by the number of the store */
  constructor(salvagers: readonly SpoolSalvager[]) {
    this.#salvagers = salvagers;
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
