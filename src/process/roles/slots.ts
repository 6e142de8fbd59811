// Which spool slot each writing process has: segment and queue ids of different slots never meet (docs/spool-format.md).

/** The manager's own, for bounces and long-lived segments. */
export const managerSlots = { bounces: 0, longLived: 1 } as const;

/** Receivers that a spool has slots for. */
export const maxReceivers = 62;

export function receiverSlot(index: number): number {
  return index + 2;
}
