// The log-ins of one rule of the routing table: which of them the sender of a message has. Each makes a rule of its own, with the log-in in
// its target, so that mail of another log-in has another plan, and with it other connections.

import type { RouteRule, RuleLogin } from './route-rule.ts';
import { RouteTableError } from './route-error.ts';
import { SenderRules } from './sender-rules.ts';

export class SenderLogins {
  /** The rule with each of its log-ins. */
  readonly variants: readonly RouteRule[];
  readonly #bySender = new SenderRules<RouteRule>();
  /** For senders that no log-in names; undefined: their mail goes without one. */
  #forOthers: RouteRule | undefined;

  private constructor(rule: RouteRule, logins: readonly RuleLogin[]) {
    this.variants = logins.map((login) => this.#add(rule, login));
  }

  /** @returns undefined for a rule without log-ins */
  static of(rule: RouteRule): SenderLogins | undefined {
    const { logins = [] } = rule;
    return logins.length === 0 || rule.target.kind !== 'smarthost'
      ? undefined
      : new SenderLogins(rule, logins);
  }

  get looksAtSenders(): boolean {
    return this.#bySender.size > 0;
  }

  /** The rule with the log-in of this sender; undefined: it has none. */
  find(reversePath: string): RouteRule | undefined {
    const found = this.#bySender.size > 0 ? this.#bySender.find(reversePath) : undefined;
    return found ?? this.#forOthers;
  }

  #add(rule: RouteRule, { login, senders }: RuleLogin): RouteRule {
    const { target } = rule;
    const variant = target.kind === 'smarthost' ? { ...rule, target: { ...target, login } } : rule;
    if (senders.length === 0) this.#forOthers ??= variant;
    for (const sender of senders) {
      if (this.#bySender.add(sender, variant) === 'added') continue;
      throw new RouteTableError(
        `Reading the routing table: in the rule "${rule.name}", the credential "${login.credential}" is for the sender "${sender}", which cannot be read or has another one`,
        'write it as user@example.com, example.com, or <> for the null sender, and for one credential of the rule only',
      );
    }
    return variant;
  }
}
