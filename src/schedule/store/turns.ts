// Turns: whoever has something that several tenants want (a counter its slots, a site its idle connections)
// gives it to them in turn: deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) where every grant costs 1 and the
// quantum is the weight of the tenant. What stands in a tenant's line is the owner's affair.

import { Int32Column, Uint16Column } from './columns.ts';
import type { TenantNames } from './tenant-names.ts';
import { Slots } from './slots.ts';

/** One line for each owner and tenant that waits, in a ring per owner. */
export class Turns {
  readonly #tenants: TenantNames;
  readonly #current: Int32Column;
  /** Number of the tenant, with a mark where a tenant has two lines. */
  readonly tenant = new Uint16Column();
  /** First and last in the line: rows of whatever waits. */
  readonly first = new Int32Column();
  readonly last = new Int32Column();
  /** Grants that the line has left in this turn. */
  readonly #credit = new Int32Column();
  readonly #next = new Int32Column();
  readonly #previous = new Int32Column();
  readonly #slots = new Slots(this.#next, [this.tenant, this.first, this.last, this.#credit, this.#previous]);

  /** @param current - the owners' column: the line whose turn it is; -1: nobody waits */
  constructor(tenants: TenantNames, current: Int32Column) {
    this.#tenants = tenants;
    this.#current = current;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** The owner's line of a tenant; -1: none. */
  find(owner: number, tenant: number): number {
    const start = this.#current.get(owner);
    if (start < 0) return -1;
    let line = start;
    do {
      if (this.tenant.get(line) === tenant) return line;
      line = this.#next.get(line);
    } while (line !== start);
    return -1;
  }

  /** The owner's line of a tenant, made as the last in turn and empty if there is none. */
  open(owner: number, tenant: number): number {
    const known = this.find(owner, tenant);
    if (known >= 0) return known;
    const line = this.#slots.take();
    this.tenant.set(line, tenant);
    this.first.set(line, -1);
    this.last.set(line, -1);
    this.#credit.set(line, this.#tenants.weight(tenant));
    const current = this.#current.get(owner);
    if (current < 0) {
      this.#next.set(line, line);
      this.#previous.set(line, line);
      this.#current.set(owner, line);
    } else {
      const last = this.#previous.get(current);
      this.#next.set(last, line);
      this.#previous.set(line, last);
      this.#next.set(line, current);
      this.#previous.set(current, line);
    }
    return line;
  }

  /** Forgets an empty line. */
  close(owner: number, line: number): void {
    const next = this.#next.get(line);
    const previous = this.#previous.get(line);
    this.#next.set(previous, next);
    this.#previous.set(next, previous);
    if (this.#current.get(owner) === line) this.#current.set(owner, next === line ? -1 : next);
    this.#slots.give(line);
  }

  /** The line whose turn it is was granted something. A line that is not there any more pays nothing. True: its turn is over. */
  took(owner: number, line: number): boolean {
    if (this.#current.get(owner) !== line) return true;
    if (this.#credit.add(line, -1) > 0) return false;
    this.#credit.set(line, this.#tenants.weight(this.tenant.get(line)));
    this.#current.set(owner, this.#next.get(line));
    return true;
  }
}
