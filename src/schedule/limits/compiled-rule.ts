// A limit made ready for look-ups: the quantities that it sets, and a scratch area that says how it matches in the current
// look-up. Promises: a look-up touches only rules that match in some respect.

import type { LimitMatch, LimitRule } from './types.ts';

/** What a limit can match by; a rule's specificity has one number for each. */
export const matchKinds = ['domain', 'site', 'mx', 'ip', 'source', 'tenant', 'queue'] as const;
export type MatchKind = (typeof matchKinds)[number];

/** The facts that belong to a place; domain, tenant and queue are the task's. */
export const placeKeys: ReadonlySet<string> = new Set(['site', 'mx', 'ip', 'network', 'source']);

/** One bit for each quantity that a limit can set. */
export const setsConnections = 1;
export const setsConnectionRate = 2;
export const setsMessageRate = 4;
export const setsRecipientRate = 8;
export const setsMessagesPerConnection = 16;
export const setsRecipientsPerMessage = 32;

export class CompiledRule {
  readonly rule: LimitRule;
  /** Bits of the quantities that the rule sets. */
  readonly sets: number;
  /** Kinds that must match. */
  readonly wanted: number;
  /** It counts per address or network of the destination, so it does not hold for one without an IP address. */
  readonly countsByIp: boolean;
  /** A list of this rule only, shared by all names that no other rule names. */
  readonly alone: readonly CompiledRule[] = [this];
  /** How specifically each kind matches in this look-up; 0: not yet, or not at all. */
  readonly specificity: number[] = matchKinds.map(() => 0);
  /** The rules of its dimension that match in this look-up. */
  readonly #matching: CompiledRule[];
  #lookUp = 0;
  #found = 0;

  constructor(rule: LimitRule, matching: CompiledRule[]) {
    this.rule = rule;
    this.#matching = matching;
    this.sets = quantitiesOf(rule);
    this.countsByIp = rule.per.includes('ip') || rule.per.includes('network');
    this.wanted = kindsOf(rule.match).length;
    if (this.wanted === 0) matching.push(this);
  }

  /**
   * One kind matches.
   * @param specificity - above 0, higher for what is more specific
   * @param lookUp - another number for each look-up
   */
  matches(kind: number, specificity: number, lookUp: number): void {
    if (this.#lookUp !== lookUp) {
      this.#lookUp = lookUp;
      this.#found = 0;
      if (this.wanted === 1) this.specificity[kind] = 0;
      else for (let other = 0; other < matchKinds.length; other++) this.specificity[other] = 0;
    }
    const before = this.specificity[kind] ?? 0;
    if (specificity > before) this.specificity[kind] = specificity;
    if (before !== 0) return;
    this.#found++;
    if (this.#found === this.wanted) this.#matching.push(this);
  }

  /** Does this rule take the other's place? Both match, and are of one dimension. */
  replaces(other: CompiledRule): boolean {
    if (this.rule.isOverride !== other.rule.isOverride) return this.rule.isOverride;
    let isMore = false;
    for (let kind = 0; kind < matchKinds.length; kind++) {
      const mine = this.specificity[kind] ?? 0;
      const others = other.specificity[kind] ?? 0;
      if (mine < others) return false;
      if (mine > others) isMore = true;
    }
    return isMore;
  }
}

/** The kinds that a match is given for. */
export function kindsOf(match: LimitMatch): MatchKind[] {
  return matchKinds.filter((kind) => match[kind] !== undefined);
}

function quantitiesOf(rule: LimitRule): number {
  return (
    (rule.connections === undefined ? 0 : setsConnections) |
    (rule.connectionRate === undefined ? 0 : setsConnectionRate) |
    (rule.messageRate === undefined ? 0 : setsMessageRate) |
    (rule.recipientRate === undefined ? 0 : setsRecipientRate) |
    (rule.messagesPerConnection === undefined ? 0 : setsMessagesPerConnection) |
    (rule.recipientsPerMessage === undefined ? 0 : setsRecipientsPerMessage)
  );
}
