// The stores of a simulated instance: that in the folder of the spool, and in some worlds a second one.

import { storeAccess, type StoreAccess } from '../../src/spool/store-access.ts';
import { secondSpool } from './second-store.ts';
import type { SimProcess } from './sim-process.ts';

/** A process's access to the stores of its world. */
export function storesOf(spool: string, { files, secondFiles, timers }: SimProcess): readonly StoreAccess[] {
  const first = { directory: spool, files };
  const second = secondFiles === undefined ? [] : [{ directory: secondSpool, files: secondFiles }];
  return storeAccess([first, ...second], timers);
}
