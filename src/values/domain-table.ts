// From a domain name to what is said of it: by the whole name, and by `*.suffix` patterns over it. Promises: a look-up costs
// one Map access for the name and for each label that could begin a suffix, however many patterns there are.

import type { DomainPattern } from './domain.ts';

/** Hears of each pattern that matches a name. */
export interface DomainVisitor<T> {
  /**
   * @param specificity - higher for what is more specific: the length of a suffix, or {@link exactSpecificity}
   * @returns whether to go on
   */
  domain(value: T, specificity: number): boolean;
}

/** A whole name is more specific than any suffix; RFC 1035 2.3.4: no name is longer than 255 octets. */
export const exactSpecificity = 1000;

/** Patterns with a value each. Names are in lower-case A-labels without a final dot; address literals match as a whole only. */
export class DomainTable<T> {
  readonly #exact = new Map<string, T>();
  readonly #suffixes = new Map<string, T>();
  /** 1 for each length that a suffix has: of other lengths none is cut from the name and hashed. */
  readonly #suffixLengths = new Uint8Array(256);
  readonly #first = new First<T>();

  get size(): number {
    return this.#exact.size + this.#suffixes.size;
  }

  /** The value of this very pattern. */
  get({ kind, domain }: DomainPattern): T | undefined {
    return (kind === 'exact' ? this.#exact : this.#suffixes).get(domain);
  }

  set({ kind, domain }: DomainPattern, value: T): void {
    if (kind === 'suffix') this.#suffixLengths[domain.length] = 1;
    (kind === 'exact' ? this.#exact : this.#suffixes).set(domain, value);
  }

  /** The value of the most specific pattern that matches: the name itself, else the longest suffix. */
  mostSpecific(name: string): T | undefined {
    this.#first.value = undefined;
    this.visit(name, this.#first);
    return this.#first.value;
  }

  /** All that match, from the most specific on. */
  visit(name: string, visitor: DomainVisitor<T>): void {
    const exact = this.#exact.get(name);
    if (exact !== undefined && !visitor.domain(exact, exactSpecificity)) return;
    if (this.#suffixes.size === 0 || name.startsWith('[')) return;
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const length = name.length - dot - 1;
      if (this.#suffixLengths[length] !== 1) continue;
      const value = this.#suffixes.get(name.slice(dot + 1));
      if (value !== undefined && !visitor.domain(value, length)) return;
    }
  }
}

/** Keeps the first, which is the most specific. */
class First<T> implements DomainVisitor<T> {
  value: T | undefined;

  domain(value: T): boolean {
    this.value = value;
    return false;
  }
}
