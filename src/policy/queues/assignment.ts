// Says which queue a recipient of a message is for: by the first rule whose conditions all match.

import { domainOf } from '../../address/domain.ts';
import type { DomainPattern, SenderPattern } from '../../values/domain.ts';
import { DomainSet } from '../../values/domain-set.ts';
import type { Network } from '../../values/network.ts';
import { Tenants } from '../tenants.ts';

/** One [[assignment]]. Conditions that are not given match anything. */
export interface AssignmentRule {
  /** The number of the store of the queue. */
  readonly store: number;
  readonly domain?: readonly DomainPattern[] | undefined;
  /** Names of tenants; '' is mail of no tenant. */
  readonly tenant?: readonly string[] | undefined;
  readonly sender?: readonly SenderPattern[] | undefined;
  readonly client?: readonly Network[] | undefined;
  /** `joe@example.com`, or `@example.com` for all of a domain. */
  readonly user?: readonly string[] | undefined;
  /** Names of listeners. */
  readonly listen?: readonly string[] | undefined;
}

/** What is known of a message beside its recipients. */
export interface AssignedMail {
  readonly tenant: string;
  /** IP address; empty for a program of this host. */
  readonly client: string;
  readonly reversePath: string;
  /** The user who has logged in; empty for nobody. */
  readonly principal: string;
  /** Its name; empty for none that has one. */
  readonly listener: string;
}

interface Compiled extends AssignmentRule {
  /** Sender, client and user, as those of a tenant are matched. Undefined: anybody. */
  readonly who: Tenants | undefined;
  readonly domains: DomainSet | undefined;
}

/** The queue of what no rule matches. */
const defaultStore = 0;

export class Assignment {
  readonly #rules: readonly Compiled[];

  constructor(rules: readonly AssignmentRule[]) {
    this.#rules = rules.map((rule) => ({
      ...rule,
      who: whoOf(rule),
      domains: rule.domain === undefined ? undefined : new DomainSet(rule.domain),
    }));
  }

  /** The number of the store for a recipient; '' for one that is not known yet, which no domain matches. */
  of(mail: AssignedMail, address: string): number {
    const domain = domainOf(address);
    return this.#rules.find((rule) => isFor(rule, mail, domain))?.store ?? defaultStore;
  }
}

function whoOf({ sender = [], client = [], user = [] }: AssignmentRule): Tenants | undefined {
  if (sender.length + client.length + user.length === 0) return undefined;
  return new Tenants([{ name: '', sender, client, user, priority: 0 }]);
}

function isFor(
  { who, domains, tenant, listen }: Compiled,
  { tenant: ofTenant, client, reversePath, principal, listener }: AssignedMail,
  domain: string,
): boolean {
  return (
    (tenant?.includes(ofTenant) ?? true) &&
    (listen?.includes(listener) ?? true) &&
    (domains?.has(domain) ?? true) &&
    (who === undefined || who.of(client, reversePath, principal) !== undefined)
  );
}
