// Applies the records of domains to mail that comes in. Promises: while the table cannot be asked, or a record cannot be used, recipients of the domain are
// refused for now, and never stored in a queue that is not theirs; what is discarded is never stored, and told to the log.

import { domainOf } from '../../address/domain.ts';
import type { EnvelopeRecipient } from '../../message/envelope.ts';
import type { KnownDomain, ProvisionedDomains } from '../provisioning/provisioned-domains.ts';
import {
  type Answer,
  type Edit,
  goOn,
  type MailFacts,
  type RcptFacts,
  type Stage,
  type Verdict,
} from '../stage.ts';
import { copyFor } from '../taps/tap-stage.ts';

export const provisioningStageName = 'provisioning';

/** Recipients of a domain with state=discard, of a message that goes on to others. */
export interface DiscardedRecipients {
  readonly reversePath: string;
  readonly helo: string;
  /** IP address; empty for a program of this host. */
  readonly client: string;
  readonly to: readonly string[];
}

/** A copy by `taps` of a record. */
export interface RecordCopy {
  readonly queueId: string;
  readonly copyTo: string;
  /** The recipient whose domain has the record. */
  readonly address: string;
}

export interface ProvisioningListener {
  /** Told of recipients that are dropped where others of the message stay. */
  discarded(recipients: DiscardedRecipients): void;
  /** Told of each copy. */
  copied(copy: RecordCopy): void;
}

export class ProvisioningStage implements Stage {
  readonly name = provisioningStageName;
  /** Whoever wants mail to be accepted does not decide what becomes of a domain. */
  readonly isAskedAfterAccept = true;
  readonly #domains: Pick<ProvisionedDomains, 'atOnce' | 'of'>;
  readonly #listener: ProvisioningListener;

  constructor(domains: Pick<ProvisionedDomains, 'atOnce' | 'of'>, listener: ProvisioningListener) {
    this.#domains = domains;
    this.#listener = listener;
  }

  rcpt({ recipient: { address } }: RcptFacts): Answer {
    const known = this.#domains.of(domainOf(address));
    return known instanceof Promise
      ? known.then((answer) => verdictOn(address, answer))
      : verdictOn(address, known);
  }

  data({ client, helo, isTrial, transaction: { queueId, recipients, reversePath } }: MailFacts): Verdict {
    const dropped: string[] = [];
    const edits: Edit[] = [];
    const copies = new Set(
      recipients.flatMap((each) => (each.isCopy === true ? [each.address.toLowerCase()] : [])),
    );
    for (const { address, isCopy } of recipients) {
      const known = isCopy === true ? undefined : this.#domains.atOnce(domainOf(address));
      if (known?.kind !== 'record') continue;
      const { state, taps = [] } = known.record;
      if (state === 'discard') dropped.push(address);
      else
        for (const tap of taps) {
          if (copies.has(tap.toLowerCase())) continue;
          copies.add(tap.toLowerCase());
          if (!isTrial) this.#listener.copied({ queueId, copyTo: tap, address });
          edits.push({ kind: 'add-recipient', recipient: copyFor(tap, undefined) });
        }
    }
    const isLeft = ({ address }: EnvelopeRecipient): boolean => !dropped.includes(address);
    if (dropped.length > 0 && !recipients.some(isLeft))
      return { kind: 'discard', reason: 'its domains have state=discard' };
    if (dropped.length === 0) return edits.length === 0 ? goOn : { kind: 'continue', edits };
    if (!isTrial) this.#listener.discarded({ reversePath, helo, client: client.address, to: dropped });
    const removals = dropped.map((address): Edit => ({ kind: 'remove-recipient', address }));
    return { kind: 'continue', edits: [...removals, ...edits] };
  }
}

function verdictOn(address: string, known: KnownDomain): Verdict {
  switch (known.kind) {
    case 'none':
      return goOn;
    case 'record':
      // A backup MX takes mail for the domain from everybody.
      return known.record.state === 'backup' ? { kind: 'continue', result: { relays: address } } : goOn;
    // RFC 3463 3.4 and 3.5: a fault of our own, which somebody has to mend.
    case 'failing':
      return tempfail('4.3.0', 'The settings of this domain cannot be looked up now, try again later');
    case 'wrong':
      return tempfail('4.3.5', 'The settings of this domain cannot be used, try again later');
  }
}

function tempfail(enhanced: string, text: string): Verdict {
  return { kind: 'tempfail', reply: { code: 451, enhanced, text } };
}
