// Turns: whoever has something that several tenants want (a counter its slots, a site its idle connections)
// gives it to them in turn: deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) where every grant costs 1 and the
// quantum is the weight of the tenant. Each tenant that waits has a line with the owner; who stands in it is not known here.

import { Int32Column, Uint16Column } from './columns.ts';
import type { TenantNames } from './tenant-names.ts';
import { RowChain } from './row-chain.ts';
import { Slots } from './slots.ts';

/** The lines of each owner in a list, the one whose turn it is first. */
export class Turns {
  readonly #tenants: TenantNames;
  readonly #current: Int32Column;
  readonly owner = new Int32Column();
  /** Number of the tenant, with a mark where a tenant has two lines. */
  readonly tenant = new Uint16Column();
  /** The first in the line: a row of whatever waits; -1 while the line is empty. Set by the caller. */
  readonly first = new Int32Column();
  /** Grants that the line has left in this turn. */
  readonly #credit = new Int32Column();
  readonly #lines = new RowChain();
  readonly #slots = new Slots(this.#lines.next, [
    this.#lines.previous,
    this.owner,
    this.tenant,
    this.first,
    this.#credit,
  ]);

  /** @param current - the owners' column: the line whose turn it is; -1: no tenant waits */
  constructor(tenants: TenantNames, current: Int32Column) {
    this.#tenants = tenants;
    this.#current = current;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** The owner's line of a tenant; -1: none. */
  find(owner: number, tenant: number): number {
    let line = this.#current.get(owner);
    while (line >= 0 && this.tenant.get(line) !== tenant) line = this.#lines.next.get(line);
    return line;
  }

  /** The owner's line of a tenant. If there is none, an empty one is made, as the last in turn. */
  open(owner: number, tenant: number): number {
    const known = this.find(owner, tenant);
    if (known >= 0) return known;
    const line = this.#slots.take();
    this.owner.set(line, owner);
    this.tenant.set(line, tenant);
    this.first.set(line, -1);
    this.#credit.set(line, this.#tenants.weight(tenant));
    this.#current.set(owner, this.#lines.append(this.#current.get(owner), line));
    return line;
  }

  /** Forgets a line that is empty. */
  close(line: number): void {
    const owner = this.owner.get(line);
    this.#current.set(owner, this.#lines.remove(this.#current.get(owner), line));
    this.#slots.give(line);
  }

  /**
   * The line whose turn it is was granted something; a line that has been closed since then pays nothing.
   * @returns True when its turn is over.
   */
  took(owner: number, line: number): boolean {
    if (this.#current.get(owner) !== line) return true;
    if (this.#credit.add(line, -1) > 0) return false;
    this.#credit.set(line, this.#tenants.weight(this.tenant.get(line)));
    this.#current.set(owner, this.#lines.rotate(line));
    return true;
  }
}
