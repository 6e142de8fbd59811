// Room in the quarantine or in the queue as the sessions of a process see it: for whose mail there is a limit, and who counts.

import type { RoomLedger, RoomLimit } from './types.ts';

/** The limits of a configuration. */
export interface RoomLimits {
  /** Of all mail together. */
  readonly all: RoomLimit;
  /** By names of tenants; those without limits are left out. */
  readonly tenants: ReadonlyMap<string, RoomLimit>;
}

export const noRoomLimits: RoomLimits = { all: {}, tenants: new Map() };

export class RoomGate {
  readonly ledger: RoomLedger;
  #limits = noRoomLimits;

  constructor(ledger: RoomLedger) {
    this.ledger = ledger;
  }

  /** For messages that end from now on, in all sessions. */
  configure(limits: RoomLimits): void {
    this.#limits = limits;
  }

  /** Has somebody to be asked before mail of this tenant gets there? */
  isLimited(tenant: string): boolean {
    return isLimit(this.#limits.all) || this.#limits.tenants.has(tenant);
  }
}

export function isLimit({ messages, bytes }: RoomLimit): boolean {
  return messages !== undefined || bytes !== undefined;
}

/** What has no room for a further message of this size; undefined: there is room. */
export function fullOf(
  { messages, bytes }: RoomLimit,
  taken: { readonly messages: number; readonly bytes: number },
  sizeBytes: number,
): { readonly quantity: 'messages' | 'bytes'; readonly limit: number } | undefined {
  if (messages !== undefined && taken.messages + 1 > messages)
    return { quantity: 'messages', limit: messages };
  if (bytes !== undefined && taken.bytes + sizeBytes > bytes) return { quantity: 'bytes', limit: bytes };
  return undefined;
}
