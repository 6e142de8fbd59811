// Decides at RCPT whether a recipient exists, by tables of the mailboxes of domains. Domains that no table is given for are not
// its business. Promises: a table that cannot tell is a temporary error, never an unknown recipient.

import { domainOf } from '../../address/domain.ts';
import type { Answer as Found, Table } from '../../table/table.ts';
import type { DomainPattern } from '../../values/domain.ts';
import { DomainTable } from '../../values/domain-table.ts';
import { isPostmaster, type KeyRules, mailboxKeys } from '../mailbox-keys.ts';
import { type Answer, goOn, type RcptFacts, type Stage, type Verdict } from '../stage.ts';

/** RFC 3463 3.2: bad destination mailbox address. */
const unknown: Verdict = {
  kind: 'reject',
  reply: { code: 550, enhanced: '5.1.1', text: 'No such mailbox here' },
};
/** RFC 3463 3.4: a fault of our own system. */
const cannotTell: Verdict = {
  kind: 'tempfail',
  reply: { code: 451, enhanced: '4.3.0', text: 'Recipients cannot be checked now, try again later' },
};

/** Which mailboxes some domains have. */
export interface RecipientRule extends KeyRules {
  readonly domains: readonly DomainPattern[];
  readonly table: Table;
}

export class RecipientsStage implements Stage {
  readonly name = 'recipients';
  readonly #rules = new DomainTable<RecipientRule>();

  /** @param rules - of several for a domain, the one with the most specific pattern counts */
  constructor(rules: readonly RecipientRule[]) {
    for (const rule of rules) {
      for (const pattern of rule.domains) this.#rules.set(pattern, rule);
    }
  }

  rcpt({ recipient }: RcptFacts): Answer {
    const { address } = recipient;
    const domain = domainOf(address);
    const rule = this.#rules.mostSpecific(domain);
    if (rule === undefined) return goOn;
    const localPart = address.slice(0, address.lastIndexOf('@'));
    // RFC 5321 4.5.1: every domain has a postmaster.
    if (isPostmaster(localPart)) return goOn;
    const found = rule.table.lookup(mailboxKeys(localPart, domain, rule));
    return found instanceof Promise ? found.then(verdictOf) : verdictOf(found);
  }
}

function verdictOf(found: readonly Found[]): Verdict {
  if (found.some(({ kind }) => kind === 'found')) return goOn;
  return found.some(({ kind }) => kind === 'failing') ? cannotTell : unknown;
}
