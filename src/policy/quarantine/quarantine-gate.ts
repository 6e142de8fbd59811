// Room in quarantine as the sessions of a process see it: for whose mail there is a limit, and who counts.

import type { QuarantineLedger, QuarantineLimit } from './types.ts';

/** The limits of a configuration. */
export interface QuarantineLimits {
  /** Of all mail together. */
  readonly all: QuarantineLimit;
  /** By names of tenants; those without limits are left out. */
  readonly tenants: ReadonlyMap<string, QuarantineLimit>;
}

export const noQuarantineLimits: QuarantineLimits = { all: {}, tenants: new Map() };

export class QuarantineGate {
  readonly ledger: QuarantineLedger;
  #limits = noQuarantineLimits;

  constructor(ledger: QuarantineLedger) {
    this.ledger = ledger;
  }

  /** For messages that end from now on, in all sessions. */
  configure(limits: QuarantineLimits): void {
    this.#limits = limits;
  }

  /** Has somebody to be asked before mail of this tenant is held? */
  isLimited(tenant: string): boolean {
    return isLimit(this.#limits.all) || this.#limits.tenants.has(tenant);
  }
}

export function isLimit({ messages, bytes }: QuarantineLimit): boolean {
  return messages !== undefined || bytes !== undefined;
}
