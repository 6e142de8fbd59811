// Finds the values of the patterns that match a domain name: exact names and `*.suffix`. Promises: a look-up costs one Map access
// for the name and one for each label that could begin a suffix, however many patterns there are.

import type { DomainPattern } from './domain.ts';

/** Is called for each pattern that matches a name. */
export interface DomainVisitor<T> {
  /**
   * @param specificity - higher for a more specific pattern: the length of a suffix, or {@link exactSpecificity}
   * @returns whether to continue with the next pattern
   */
  domain(value: T, specificity: number): boolean;
}

/** Higher than that of any suffix, since no name is longer than 255 octets (RFC 1035 2.3.4). */
export const exactSpecificity = 1000;

/** Patterns with a value each. Names are in lower-case A-labels without a final dot; address literals match as a whole only. */
export class DomainTable<T> {
  readonly #exact = new Map<string, T>();
  readonly #suffixes = new Map<string, T>();
  /** 1 for each length that some suffix has. Parts of a name that have another length are not cut off and hashed. */
  readonly #suffixLengths = new Uint8Array(256);
  readonly #first = new FirstVisited<T>();

  get size(): number {
    return this.#exact.size + this.#suffixes.size;
  }

  /** The value that was set for exactly this pattern. */
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

  /** Visits all patterns that match, the most specific first. */
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

/** Keeps the first value, which is that of the most specific pattern. */
class FirstVisited<T> implements DomainVisitor<T> {
  value: T | undefined;

  domain(value: T): boolean {
    this.value = value;
    return false;
  }
}
