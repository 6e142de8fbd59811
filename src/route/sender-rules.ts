// The rules of the routing table that look at the sender: by address, domain, or suffix of the reverse path.

import { RecentMap } from '../dns/recent-map.ts';
import { canonicalDomain, isHostName, spelledDomain } from './recipient-domain.ts';
import type { RouteRule } from './route-rule.ts';
import { longestSuffix } from './suffix.ts';

/** Senders whose rule, or lack of one, is remembered. */
const maxSenders = 10_000;

export class SenderRules {
  /** By canonical address or domain; the null sender is the empty address. */
  readonly #rules = new Map<string, RouteRule>();
  readonly #suffixes = new Map<string, RouteRule>();
  readonly #senders = new RecentMap<string, { readonly rule: RouteRule | undefined }>(maxSenders);

  get size(): number {
    return this.#rules.size + this.#suffixes.size;
  }

  /**
   * Adds a rule.
   *
   * @returns `added`; `unreadable` when `sender` is nothing that a sender can match; or the rule that matches the same
   *   already, in which case nothing was added
   */
  add(sender: string, rule: RouteRule): 'added' | 'unreadable' | RouteRule {
    const suffix = sender.startsWith('*.');
    const key = suffix ? suffixKey(sender) : senderKey(sender);
    if (key === undefined) return 'unreadable';
    const rules = suffix ? this.#suffixes : this.#rules;
    const other = rules.get(key);
    if (other !== undefined) return other;
    rules.set(key, rule);
    return 'added';
  }

  /** The rule for the whole address, or for its domain, or for the longest suffix of that. */
  find(reversePath: string): RouteRule | undefined {
    const known = this.#senders.get(reversePath);
    if (known !== undefined) return known.rule;
    // A copy: a slice would keep the whole text alive that the sender was cut from.
    const given = Buffer.from(reversePath).toString();
    const rule = this.#match(given);
    this.#senders.set(given, { rule });
    return rule;
  }

  #match(reversePath: string): RouteRule | undefined {
    const domain = canonicalDomain(spelledDomain(reversePath));
    return (
      this.#rules.get(canonicalAddress(reversePath, domain)) ??
      (domain === '' ? undefined : this.#rules.get(domain)) ??
      longestSuffix(this.#suffixes, domain)
    );
  }
}

/** RFC 5321 2.4 leaves the case of a local part to its host; whoever writes a table means the person. */
function canonicalAddress(address: string, domain: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? address.toLowerCase() : `${address.slice(0, at).toLowerCase()}@${domain}`;
}

function senderKey(sender: string): string | undefined {
  if (sender === '<>') return '';
  const at = sender.lastIndexOf('@');
  const domain = canonicalDomain(sender.slice(at + 1));
  if (at === 0 || !isHostName(domain)) return undefined;
  return at === -1 ? domain : canonicalAddress(sender, domain);
}

function suffixKey(suffix: string): string | undefined {
  const domain = canonicalDomain(suffix.slice(2));
  return isHostName(domain) ? domain : undefined;
}
