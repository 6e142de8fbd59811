// Says which queue a recipient of a message is for: by the first rule whose conditions all match.

import { domainOf } from '../../address/domain.ts';
import type { DomainPattern, SenderPattern } from '../../values/domain.ts';
import { DomainSet } from '../../values/domain-set.ts';
import type { Network } from '../../values/network.ts';
import { Tenants } from '../tenants.ts';
import { matchesWhole, type WholeConditions, type WholeMail } from './whole-mail.ts';

/** One [[assignment]]. Conditions that are not given match anything. */
export interface AssignmentRule extends WholeConditions {
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
  /** It is for reports that this server writes, and for no other mail; without it, for no report. */
  readonly reports?: true | undefined;
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
  /** Undefined while it is not complete. */
  readonly whole?: WholeMail | undefined;
  /** This server has written it: a report about other mail. */
  readonly isReport?: true | undefined;
}

interface Compiled extends AssignmentRule {
  /** Sender, client and user, as those of a tenant are matched. Undefined: anybody. */
  readonly who: Tenants | undefined;
  readonly domains: DomainSet | undefined;
}

export class Assignment {
  readonly #rules: readonly Compiled[];
  /** Does a rule look at the header? Then it must be kept apart. */
  readonly looksAtHeader: boolean;

  constructor(rules: readonly AssignmentRule[]) {
    this.#rules = rules.map((rule) => ({
      ...rule,
      who: whoOf(rule),
      domains: rule.domain === undefined ? undefined : new DomainSet(rule.domain),
    }));
    this.looksAtHeader = rules.some(({ headers }) => headers !== undefined);
  }

  /**
   * @param address - of the recipient; '' for one that is not known yet, which no domain matches
   * @returns the number of its store; undefined: no rule matches
   */
  of(mail: AssignedMail, address: string): number | undefined {
    if (this.#rules.length === 0) return undefined;
    const domain = domainOf(address);
    return this.#rules.find((rule) => isFor(rule, mail, domain))?.store;
  }
}

function whoOf({ sender = [], client = [], user = [] }: AssignmentRule): Tenants | undefined {
  if (sender.length + client.length + user.length === 0) return undefined;
  return new Tenants([{ name: '', sender, client, user, priority: 0 }]);
}

function isFor(rule: Compiled, mail: AssignedMail, domain: string): boolean {
  const { who, domains, tenant, listen, reports } = rule;
  const { tenant: ofTenant, client, reversePath, principal, listener, whole, isReport } = mail;
  return (
    reports === isReport &&
    (tenant?.includes(ofTenant) ?? true) &&
    (listen?.includes(listener) ?? true) &&
    (domains?.has(domain) ?? true) &&
    (who === undefined || who.of(client, reversePath, principal) !== undefined) &&
    matchesWhole(rule, whole)
  );
}
