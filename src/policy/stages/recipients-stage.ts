// Decides at RCPT whether a recipient exists, by sources that know the mailboxes of domains. Domains that no source is given for are not
// its business. Promises: a source that cannot tell is a temporary error, never an unknown recipient.

import { domainOf } from '../../address/domain.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { isPostmaster } from '../mailbox-keys.ts';
import { AliasWalk } from '../recipients/alias-walk.ts';
import { type RecipientRule, RecipientRules } from '../recipients/recipient-rules.ts';
import { askedRecipient, type RecipientAnswer, unknown } from '../recipients/recipient-source.ts';
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

export class RecipientsStage implements Stage {
  readonly name = 'recipients';
  readonly #rules: RecipientRules;

  /** @param rules - of several for a domain, the one with the most specific pattern counts */
  constructor(rules: readonly RecipientRule[]) {
    this.#rules = new RecipientRules(rules);
  }

  rcpt({ client, recipient }: RcptFacts): Answer {
    const { address } = recipient;
    const domain = domainOf(address);
    const rule = this.#rules.of(domain);
    if (rule === undefined || (rule.skipsRelayClients === true && client.mayRelay)) return goOn;
    const asked = askedRecipient(address, domain);
    // RFC 5321 4.5.1: every domain has a postmaster, unless it takes no mail (RFC 7505), which would be returned at once.
    if (isPostmaster(asked.localPart)) return rule.source?.domainRefusal?.(asked).then(refusedOr) ?? goOn;
    const { aliases, source } = rule;
    const found =
      aliases === undefined
        ? (source?.find(asked) ?? unknown)
        : new AliasWalk(this.#rules).find(asked, rule, aliases);
    return found instanceof Promise ? found.then(verdictOf) : verdictOf(found);
  }
}

function refusedOr(reply: Reply | undefined): Verdict {
  return reply === undefined ? goOn : verdictOf({ kind: 'refused', reply });
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
