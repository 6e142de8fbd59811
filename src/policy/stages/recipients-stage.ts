// Decides at RCPT whether a recipient exists, by sources that know the mailboxes of domains. Domains that no source is given for are not
// its business. Promises: a source that cannot tell is a temporary error, never an unknown recipient.

import { domainOf } from '../../address/domain.ts';
import type { DomainPattern } from '../../values/domain.ts';
import { DomainTable } from '../../values/domain-table.ts';
import { isPostmaster } from '../mailbox-keys.ts';
import {
  askedRecipient,
  type RecipientAnswer,
  type RecipientSource,
} from '../recipients/recipient-source.ts';
import { type Answer, goOn, type RcptFacts, type Stage, type Verdict } from '../stage.ts';

/** RFC 3463 3.2: bad destination mailbox address. */
const noMailbox: Verdict = {
  kind: 'reject',
  reply: { code: 550, enhanced: '5.1.1', text: 'No such mailbox here' },
};
/** RFC 3463 3.4: a fault of our own system. */
const cannotTell: Verdict = {
  kind: 'tempfail',
  reply: { code: 451, enhanced: '4.3.0', text: 'Recipients cannot be checked now, try again later' },
};

/** Who knows the mailboxes of some domains. */
export interface RecipientRule {
  /** Undefined: all domains that no other rule names. */
  readonly domains: readonly DomainPattern[] | undefined;
  readonly source: RecipientSource;
  /** Clients that may relay are not asked about. */
  readonly skipsRelayClients?: boolean | undefined;
}

export class RecipientsStage implements Stage {
  readonly name = 'recipients';
  readonly #rules = new DomainTable<RecipientRule>();
  #ofOthers: RecipientRule | undefined;

  /** @param rules - of several for a domain, the one with the most specific pattern counts */
  constructor(rules: readonly RecipientRule[]) {
    for (const rule of rules) {
      if (rule.domains === undefined) this.#ofOthers = rule;
      for (const pattern of rule.domains ?? []) this.#rules.set(pattern, rule);
    }
  }

  rcpt({ client, recipient }: RcptFacts): Answer {
    const { address } = recipient;
    const domain = domainOf(address);
    const rule = this.#rules.mostSpecific(domain) ?? this.#ofOthers;
    if (rule === undefined || (rule.skipsRelayClients === true && client.mayRelay)) return goOn;
    const asked = askedRecipient(address, domain);
    // RFC 5321 4.5.1: every domain has a postmaster.
    if (isPostmaster(asked.localPart)) return goOn;
    const found = rule.source.find(asked);
    return found instanceof Promise ? found.then(verdictOf) : verdictOf(found);
  }
}

function verdictOf(found: RecipientAnswer): Verdict {
  switch (found.kind) {
    case 'exists':
      return goOn;
    case 'unknown':
      return noMailbox;
    case 'failing':
      return cannotTell;
    case 'refused':
      return { kind: found.reply.code < 500 ? 'tempfail' : 'reject', reply: found.reply };
  }
}
