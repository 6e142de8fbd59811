// Counts the messages of each tenant in the queue, and their bytes. Promises: a message counts from its admission, also after a restart, until
// none of its recipients is left; mail of no tenant costs nothing.

import type { MessageHandle } from '../schedule/types.ts';
import type { Taken } from './reserved-room.ts';

export class TenantQueues {
  readonly #tenants = new Map<string, Taken>();
  /** By message handle: its tenant, and its size. Handles of messages that are done are used again. */
  readonly #tenantOf: (Taken | undefined)[] = [];
  readonly #sizeBytes: number[] = [];

  of(tenant: string): Readonly<Taken> {
    return this.#tenants.get(tenant) ?? { messages: 0, bytes: 0 };
  }

  admitted(message: MessageHandle, tenant: string, sizeBytes: number): void {
    let taken = this.#tenants.get(tenant);
    if (taken === undefined) {
      taken = { messages: 0, bytes: 0 };
      this.#tenants.set(tenant, taken);
    }
    taken.messages++;
    taken.bytes += sizeBytes;
    this.#tenantOf[message] = taken;
    this.#sizeBytes[message] = sizeBytes;
  }

  /** @returns whether it was counted */
  done(message: MessageHandle): boolean {
    const taken = this.#tenantOf[message];
    if (taken === undefined) return false;
    this.#tenantOf[message] = undefined;
    taken.messages--;
    taken.bytes -= this.#sizeBytes[message] ?? 0;
    return true;
  }
}
