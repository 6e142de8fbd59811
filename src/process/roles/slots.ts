// Which spool slot each writing process has: segment and queue ids of different slots never meet (docs/spool-format.md).

/** The manager's own, for bounces and long-lived segments. */
export const managerSlots = { bounces: 0, longLived: 1 } as const;

/** A spool has 64 slots, so there are at most 62 receivers. */
export function receiverSlot(index: number): number {
  return index + 2;
}
