// From a name to the limits that match it: exact names, domain suffixes, and plain texts. Promises: a look-up costs one
// Map access for each label of the name, however many names the limits hold.

import type { DomainPattern } from '../../values/domain.ts';
import type { CompiledRule } from './compiled-rule.ts';

/** An exact name is more specific than any suffix; RFC 1035 2.3.4: no name is longer than 255 octets. */
const exactName = 1000;
const given = 1;

/** Matches by `DomainPattern`: recipient domains (address literals too) and MX hosts. */
export class NameMatcher {
  readonly #kind: number;
  readonly #exact = new Map<string, readonly CompiledRule[]>();
  readonly #suffixes = new Map<string, readonly CompiledRule[]>();
  /** 1 for each length that a suffix has: of other lengths none is cut from the name and hashed. */
  readonly #suffixLengths = new Uint8Array(256);

  constructor(kind: number) {
    this.#kind = kind;
  }

  add(patterns: readonly DomainPattern[], rule: CompiledRule): void {
    for (const { kind, domain } of patterns) {
      if (kind === 'suffix') this.#suffixLengths[domain.length] = 1;
      addTo(kind === 'exact' ? this.#exact : this.#suffixes, domain, rule);
    }
  }

  match(name: string, lookUp: number): void {
    found(this.#exact.get(name), this.#kind, exactName, lookUp);
    if (this.#suffixes.size === 0 || name.startsWith('[')) return;
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const length = name.length - dot - 1;
      if (this.#suffixLengths[length] !== 1) continue;
      found(this.#suffixes.get(name.slice(dot + 1)), this.#kind, length, lookUp);
    }
  }
}

/** Matches texts exactly: sites and tenants. */
export class TextMatcher {
  readonly #kind: number;
  readonly #rules = new Map<string, readonly CompiledRule[]>();

  constructor(kind: number) {
    this.#kind = kind;
  }

  add(texts: readonly string[], rule: CompiledRule): void {
    for (const text of texts) addTo(this.#rules, text, rule);
  }

  match(text: string, lookUp: number): void {
    found(this.#rules.get(text), this.#kind, given, lookUp);
  }
}

function addTo(map: Map<string, readonly CompiledRule[]>, name: string, rule: CompiledRule): void {
  const before = map.get(name);
  if (before === undefined) map.set(name, rule.alone);
  else if (!before.includes(rule)) map.set(name, [...before, rule]);
}

function found(
  rules: readonly CompiledRule[] | undefined,
  kind: number,
  specificity: number,
  lookUp: number,
): void {
  if (rules === undefined) return;
  for (const rule of rules) rule.matches(kind, specificity, lookUp);
}
