// Which sending limits hold for a message: for each kind of key, and of messages and recipients each, those of the rule that names it most
// specifically. A look-up does not become slower with the number of rules.

import { domainOf } from '../../address/domain.ts';
import { tableKey } from '../../table/table-key.ts';
import { DomainTable } from '../../values/domain-table.ts';
import { networkAround } from '../../values/network.ts';
import { NetworkTree } from '../../values/network-tree.ts';
import {
  type Allowance,
  type HandIn,
  type HeldSending,
  type SendingKind,
  sendingKinds,
  sendingQuantities,
  type SendingQuantity,
  type SendingRule,
} from './types.ts';

/** More of a name is not kept. RFC 5321 4.5.3.1: an address has at most 64 octets, @, and 255 octets. */
const longestUser = 320;

type Allowances = readonly Allowance[];

/** What the rules of one kind say about one quantity. */
class Matches {
  /** For keys that no rule names. */
  usual: Allowances = [];
  readonly #named = new Map<string, Allowances>();
  readonly #networks = new NetworkTree<Allowances>();
  readonly #domains = new DomainTable<Allowances>();

  add({ user, client, tenant, senderDomain }: SendingRule, allowances: Allowances): void {
    if ([user, client, tenant, senderDomain].every((list) => list === undefined)) this.usual = allowances;
    for (const name of user ?? []) this.#named.set(tableKey(name), allowances);
    for (const name of tenant ?? []) this.#named.set(name, allowances);
    for (const network of client ?? []) this.#networks.add(network, allowances);
    for (const pattern of senderDomain ?? []) this.#domains.set(pattern, allowances);
  }

  of(by: SendingKind, key: string): Allowances {
    return this.#namedFor(by, key) ?? this.usual;
  }

  #namedFor(by: SendingKind, key: string): Allowances | undefined {
    switch (by) {
      case 'user':
        return this.#named.get(key) ?? this.#named.get(`@${domainOf(key)}`);
      case 'tenant':
        return this.#named.get(key);
      case 'sender_domain':
        return this.#domains.mostSpecific(key);
      case 'client': {
        let smallest: Allowances | undefined;
        const slash = key.indexOf('/');
        this.#networks.visit(slash === -1 ? key : key.slice(0, slash), {
          network: (allowances) => {
            smallest = allowances;
            return true;
          },
        });
        return smallest;
      }
    }
  }
}

export class SendingRules {
  readonly #kinds: readonly SendingKind[];
  readonly #matches = new Map<string, Matches>();

  constructor(rules: readonly SendingRule[]) {
    this.#kinds = sendingKinds.filter((kind) => rules.some(({ by }) => by === kind));
    for (const rule of rules) {
      for (const quantity of sendingQuantities) {
        const { [quantity]: rates, by, beyond, origin } = rule;
        if (rates === undefined) continue;
        const allowances = rates.map((rate) => ({ quantity, rate, beyond, origin }));
        this.#matchesFor(by, quantity).add(rule, allowances);
      }
    }
  }

  /** Without rules, nothing is counted. */
  get isEmpty(): boolean {
    return this.#kinds.length === 0;
  }

  /** What holds for a message; empty when nothing does. */
  of(handIn: HandIn): readonly HeldSending[] {
    const held: HeldSending[] = [];
    for (const by of this.#kinds) {
      const key = sendingKey(by, handIn);
      if (key === '') continue;
      const allowances = this.allowancesOf(by, key);
      if (allowances.length > 0) held.push({ by, key, allowances });
    }
    return held;
  }

  /** What is allowed for one key. */
  allowancesOf(by: SendingKind, key: string): Allowances {
    const messages = this.#matches.get(`messages ${by}`)?.of(by, key) ?? [];
    const recipients = this.#matches.get(`recipients ${by}`)?.of(by, key) ?? [];
    return recipients.length === 0 ? messages : [...messages, ...recipients];
  }

  #matchesFor(by: SendingKind, quantity: SendingQuantity): Matches {
    const name = `${quantity} ${by}`;
    const matches = this.#matches.get(name) ?? new Matches();
    this.#matches.set(name, matches);
    return matches;
  }
}

/** The most recipients that a message may have, so that it can ever be within the limits. */
export function mostRecipientsOf(held: readonly HeldSending[]): number {
  let most = Infinity;
  for (const { allowances } of held) {
    for (const { quantity, rate } of allowances)
      if (quantity === 'recipients') most = Math.min(most, rate.count);
  }
  return most;
}

/** Whose count a message belongs to; empty: nobody's. */
export function sendingKey(by: SendingKind, { user, client, tenant, senderDomain }: HandIn): string {
  switch (by) {
    case 'user':
      // What a front end tells may be of any length.
      return user === '' ? '' : tableKey(user).slice(0, longestUser);
    case 'client':
      // One host has a whole /64 in IPv6 (RFC 4291 2.5.4).
      return client.includes(':') ? networkAround(client) : client;
    case 'tenant':
      return tenant;
    case 'sender_domain':
      return senderDomain;
  }
}
