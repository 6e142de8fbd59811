// Tenants by number: messages and routes carry two bytes instead of a name. Tenants are few and never forgotten.

/** The number for mail that belongs to no tenant. */
export const noTenant = 0;

/** More tenants than this share the last number, and its turns. */
const most = 0x3fff;

/** Marks the line of a tenant's routes to established sites, on the counter where they compete with unproven ones. */
export const establishedMark = 0x4000;
/** Turns of such a line for one turn of a line of routes to unproven sites. */
const establishedShare = 16;

export class TenantNames {
  readonly #names = [''];
  readonly #numbers = new Map([['', noTenant]]);
  #weights: ReadonlyMap<string, number> = new Map();

  /** Turns in a row by name; 1 where none is given. */
  setWeights(weights: ReadonlyMap<string, number>): void {
    this.#weights = weights;
  }

  intern(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = Math.min(this.#names.length, most);
    if (number === this.#names.length) this.#names.push(name);
    this.#numbers.set(name, number);
    return number;
  }

  nameOf(tenant: number): string {
    return this.#names[tenant] ?? '';
  }

  /** Turns in a row of a line: of a tenant, with or without the mark. */
  weight(line: number): number {
    const own = Math.max(1, this.#weights.get(this.nameOf(line & most)) ?? 1);
    return line >= establishedMark ? own * establishedShare : own;
  }
}
