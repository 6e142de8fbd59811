// Rules that look at the sender: by address, domain, or suffix of the reverse path.

import { RecentMap } from '../dns/recent-map.ts';
import type { DomainPattern } from '../values/domain.ts';
import { DomainTable } from '../values/domain-table.ts';
import { canonicalDomain, isHostName, spelledDomain } from './recipient-domain.ts';

/** Most senders whose rule, or lack of one, is cached. */
const maxSenders = 10_000;

export class SenderRules<Rule extends object> {
  /** By canonical address; the null sender is the empty address. */
  readonly #byAddress = new Map<string, Rule>();
  readonly #byDomain = new DomainTable<Rule>();
  readonly #senders = new RecentMap<string, { readonly rule: Rule | undefined }>(maxSenders);

  get size(): number {
    return this.#byAddress.size + this.#byDomain.size;
  }

  /**
   * Adds a rule.
   *
   * @returns `added`; `unreadable` when `sender` is no pattern for senders; or an earlier rule that matches the same: then
   *   nothing was added
   */
  add(sender: string, rule: Rule): 'added' | 'unreadable' | Rule {
    const key = readSender(sender);
    if (key === undefined) return 'unreadable';
    const other = typeof key === 'string' ? this.#byAddress.get(key) : this.#byDomain.get(key);
    if (other !== undefined) return other;
    if (typeof key === 'string') this.#byAddress.set(key, rule);
    else this.#byDomain.set(key, rule);
    return 'added';
  }

  /** The rule for the whole address, or for its domain, or for the longest suffix of that. */
  find(reversePath: string): Rule | undefined {
    const known = this.#senders.get(reversePath);
    if (known !== undefined) return known.rule;
    // Copied, because a slice would keep the whole text in memory that the sender was cut from.
    const given = Buffer.from(reversePath).toString();
    const rule = this.#match(given);
    this.#senders.set(given, { rule });
    return rule;
  }

  #match(reversePath: string): Rule | undefined {
    const domain = canonicalDomain(spelledDomain(reversePath));
    return (
      this.#byAddress.get(canonicalAddress(reversePath, domain)) ??
      (domain === '' ? undefined : this.#byDomain.mostSpecific(domain))
    );
  }
}

/** In lower case: RFC 5321 2.4 leaves the case of a local part to its host, but a rule means the person in any case. */
function canonicalAddress(address: string, domain: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? address.toLowerCase() : `${address.slice(0, at).toLowerCase()}@${domain}`;
}

/** A canonical address, or a pattern over domains; undefined when it is neither. */
function readSender(sender: string): string | DomainPattern | undefined {
  if (sender === '<>') return '';
  const isSuffix = sender.startsWith('*.');
  const at = isSuffix ? -1 : sender.lastIndexOf('@');
  const domain = canonicalDomain(sender.slice(isSuffix ? 2 : at + 1));
  if (at === 0 || !isHostName(domain)) return undefined;
  if (at > 0) return canonicalAddress(sender, domain);
  return { kind: isSuffix ? 'suffix' : 'exact', domain };
}
