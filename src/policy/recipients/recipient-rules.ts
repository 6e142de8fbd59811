// Which domains have which sources of recipients.

import type { Table } from '../../table/table.ts';
import type { DomainPattern } from '../../values/domain.ts';
import { DomainTable } from '../../values/domain-table.ts';
import type { KeyRules } from '../mailbox-keys.ts';
import type { AliasReports } from './alias-reports.ts';
import type { RecipientSource } from './recipient-source.ts';

/** Names that stand for other addresses. */
export interface Aliases extends KeyRules {
  readonly table: Table;
  /** This host expands them, for mailboxes of users of the directory: what only users of the system can have is a mistake. */
  readonly areExpandedHere?: boolean | undefined;
  /** Is told of aliases that lead nowhere, and of others. */
  readonly reports: Pick<AliasReports, 'failed' | 'worked'>;
}

/** Who knows the recipients of some domains: mailboxes, aliases, or both. */
export interface RecipientRule {
  /** Undefined: all domains that no other rule names. */
  readonly domains: readonly DomainPattern[] | undefined;
  /** Of the mailboxes; undefined: there are aliases alone. */
  readonly source: RecipientSource | undefined;
  readonly aliases?: Aliases | undefined;
  /** Clients that may relay are not asked about. */
  readonly skipsRelayClients?: boolean | undefined;
}

export class RecipientRules {
  readonly #rules = new DomainTable<RecipientRule>();
  #ofOthers: RecipientRule | undefined;

  /** @param rules - of several for a domain, the one with the most specific pattern counts */
  constructor(rules: readonly RecipientRule[]) {
    for (const rule of rules) {
      if (rule.domains === undefined) this.#ofOthers = rule;
      for (const pattern of rule.domains ?? []) this.#rules.set(pattern, rule);
    }
  }

  /** @param domain - in lower-case A-labels */
  of(domain: string): RecipientRule | undefined {
    return this.#rules.mostSpecific(domain) ?? this.#ofOthers;
  }

  /** The rule that names the domain. */
  naming(domain: string): RecipientRule | undefined {
    return this.#rules.mostSpecific(domain);
  }
}
