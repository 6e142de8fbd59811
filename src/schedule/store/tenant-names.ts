// Tenants by number: messages and routes carry two bytes instead of a name. Tenants are few and never forgotten. Mail of no tenant in a
// queue beside the default one takes its turns as a tenant of its own, so that it has a number of its own, too.

/** The number for mail that belongs to no tenant, in the default queue. */
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
  /** Numbers for mail of no tenant, by store; and the stores by number. */
  readonly #ofStores = new Map<number, number>();
  readonly #stores = new Map<number, number>();
  #weights: ReadonlyMap<string, number> = new Map();
  #storeWeights: readonly (number | undefined)[] = [];

  /** Turns in a row by name, and of mail of no tenant by store; 1 where none is given. */
  setWeights(weights: ReadonlyMap<string, number>, ofStores: readonly (number | undefined)[]): void {
    this.#weights = weights;
    this.#storeWeights = ofStores;
  }

  /** @param store - the number of the store that keeps the mail */
  intern(name: string, store: number): number {
    if (name === '') return store === 0 ? noTenant : this.#nobodyOf(store);
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = Math.min(this.#names.length, most);
    if (number === this.#names.length) this.#names.push(name);
    this.#numbers.set(name, number);
    return number;
  }

  /** Empty for mail of no tenant. */
  nameOf(tenant: number): string {
    return this.#names[tenant] ?? '';
  }

  /** Turns in a row of a line: of a tenant, with or without the mark. */
  weight(line: number): number {
    const tenant = line & most;
    const own = Math.max(1, this.#weightOf(tenant) ?? 1);
    return line >= establishedMark ? own * establishedShare : own;
  }

  #weightOf(tenant: number): number | undefined {
    const name = this.nameOf(tenant);
    if (name !== '') return this.#weights.get(name);
    return this.#storeWeights[this.#stores.get(tenant) ?? 0];
  }

  #nobodyOf(store: number): number {
    const known = this.#ofStores.get(store);
    if (known !== undefined) return known;
    // With all numbers in use, it shares the turns of other mail of no tenant.
    if (this.#names.length > most) return noTenant;
    const number = this.#names.push('') - 1;
    this.#ofStores.set(store, number);
    this.#stores.set(number, store);
    return number;
  }
}
