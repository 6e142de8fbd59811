// Messages whose scheduler transaction is open, with the recipients that were added so far. Mostly there is one, so that
// a search through all of them costs nothing.

import type { NewRecipient } from './types.ts';

export class UncommittedMessages {
  readonly #messages: number[] = [];
  /** Recipients, tenant and store of each, at the same index. */
  readonly #recipients: NewRecipient[][] = [];
  readonly #tenants: number[] = [];
  readonly #stores: number[] = [];

  get length(): number {
    return this.#messages.length;
  }

  open(message: number, tenant: number, store: number): void {
    this.#messages.push(message);
    this.#recipients.push([]);
    this.#tenants.push(tenant);
    this.#stores.push(store);
  }

  /** Index of a message, good until the next one is closed; -1: its transaction is not open. */
  indexOf(message: number): number {
    return this.#messages.indexOf(message);
  }

  recipientsAt(index: number): NewRecipient[] {
    return this.#recipients[index] ?? [];
  }

  tenantAt(index: number): number {
    return this.#tenants[index] ?? -1;
  }

  storeAt(index: number): number {
    return this.#stores[index] ?? 0;
  }

  /** The last one takes the place of the one that is closed. */
  close(index: number): void {
    moveLastTo(this.#messages, index);
    moveLastTo(this.#recipients, index);
    moveLastTo(this.#tenants, index);
    moveLastTo(this.#stores, index);
  }
}

function moveLastTo<Value>(list: Value[], index: number): void {
  const last = list.pop();
  if (last !== undefined && index < list.length) list[index] = last;
}
