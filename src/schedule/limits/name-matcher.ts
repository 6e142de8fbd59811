// From a name to the limits that match it: exact names, domain suffixes, and plain texts.

import type { DomainPattern } from '../../values/domain.ts';
import { DomainTable } from '../../values/domain-table.ts';
import type { CompiledRule } from './compiled-rule.ts';

const given = 1;

/** Matches by `DomainPattern`: recipient domains (address literals too) and MX hosts. */
export class NameMatcher {
  readonly #kind: number;
  readonly #rules = new DomainTable<readonly CompiledRule[]>();
  #lookUp = 0;

  constructor(kind: number) {
    this.#kind = kind;
  }

  add(patterns: readonly DomainPattern[], rule: CompiledRule): void {
    for (const pattern of patterns) this.#rules.set(pattern, withRule(this.#rules.get(pattern), rule));
  }

  match(name: string, lookUp: number): void {
    this.#lookUp = lookUp;
    this.#rules.visit(name, this);
  }

  /** One of the patterns matches. */
  domain(rules: readonly CompiledRule[], specificity: number): boolean {
    for (const rule of rules) rule.matches(this.#kind, specificity, this.#lookUp);
    return true;
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
    for (const text of texts) this.#rules.set(text, withRule(this.#rules.get(text), rule));
  }

  match(text: string, lookUp: number): void {
    const rules = this.#rules.get(text);
    if (rules !== undefined) for (const rule of rules) rule.matches(this.#kind, given, lookUp);
  }
}

function withRule(rules: readonly CompiledRule[] | undefined, rule: CompiledRule): readonly CompiledRule[] {
  if (rules === undefined) return rule.alone;
  return rules.includes(rule) ? rules : [...rules, rule];
}
