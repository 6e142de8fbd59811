// The spool slot of each process that writes: segment and queue ids of different slots are never equal (docs/spool-format.md).

import { managerSlotCount } from '../../spool/queue-id.ts';

/** Slots of the manager: one for bounces, one for long-lived segments. */
export const managerSlots = { bounces: 0, longLived: 1 } as const;

/** A spool has 64 slots, so there are at most 62 receivers. */
export function receiverSlot(index: number): number {
  return index + managerSlotCount;
}
