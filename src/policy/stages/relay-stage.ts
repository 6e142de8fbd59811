// The first decision at RCPT: some clients may send to anyone, everyone to some domains and to the postmaster of this host.

import { domainOf } from '../../address/domain.ts';
import type { RelayPolicy } from '../relay-policy.ts';
import { rewritingOfRecipients } from './rewriting-stage.ts';
import { provisioningStageName } from './provisioning-stage.ts';
import { srsStageName } from './srs-stage.ts';
import { goOn, type RcptFacts, type Stage, type Verdict } from '../stage.ts';

const relayingDenied: Verdict = {
  kind: 'reject',
  reply: { code: 550, enhanced: '5.7.1', text: 'Relaying denied' },
};

/** RFC 3463 3.5: a directory server failure. */
const relayingUnknown: Verdict = {
  kind: 'tempfail',
  reply: {
    code: 451,
    enhanced: '4.4.3',
    text: 'Whether you may relay depends on your name, which cannot be looked up now, try again later',
  },
};

/** The address that the client gave, and not where mail to it goes: an administrator has decided about that. */
function beforeRewriting(facts: RcptFacts): string {
  const { address } = facts.recipient;
  const rewritten = facts.resultOf(rewritingOfRecipients);
  return rewritten?.['address'] === address ? (rewritten['given'] ?? address) : address;
}

export class RelayStage implements Stage {
  readonly name = 'relay';
  readonly #relay: RelayPolicy;
  readonly #hostname: string;
  readonly #postmasterAddress: string | undefined;
  /** The verdicts on mail for the postmaster without a domain, and at the name of this host, from clients that may relay. */
  readonly #postmaster: Verdict;
  readonly #postmasterHere: Verdict;
  /** On both, from others. */
  readonly #postmasterOfStranger: Verdict;

  /**
   * @param hostname - of this host, in lower case
   * @param postmaster - the address that gets mail for the postmaster of this host; undefined: that of a domain which is accepted
   */
  constructor(relay: RelayPolicy, hostname: string, postmaster: string | undefined) {
    this.#relay = relay;
    this.#hostname = hostname;
    this.#postmasterAddress = postmaster;
    const { mainDomain } = relay;
    this.#postmaster = acceptedAs(postmaster ?? `postmaster@${mainDomain ?? hostname}`);
    this.#postmasterHere = acceptedAs(postmaster ?? `postmaster@${hostname}`);
    const isAccepted = postmaster !== undefined || mainDomain !== undefined;
    this.#postmasterOfStranger = isAccepted ? this.#postmaster : relayingDenied;
  }

  rcpt(facts: RcptFacts): Verdict {
    const verdict = this.#verdict(facts);
    return verdict === relayingDenied && facts.client.rule?.isRelayUnknown === true
      ? relayingUnknown
      : verdict;
  }

  #verdict(facts: RcptFacts): Verdict {
    const { client, recipient } = facts;
    const given = recipient.address;
    if (this.#isPostmasterHere(given)) {
      if (!client.mayRelay) return this.#postmasterOfStranger;
      return given.includes('@') ? this.#postmasterHere : this.#postmaster;
    }
    if (client.mayRelay || given === this.#postmasterAddress) return goOn;
    const address = beforeRewriting(facts);
    if (this.#isPostmasterHere(address)) return goOn;
    if (this.#relay.acceptsDomain(domainOf(address))) return goOn;
    // This host is the backup MX of its domain, by its record.
    if (facts.resultOf(provisioningStageName)?.['relays'] === given) return goOn;
    // The sender of mail that was passed on from here: an SRS address that was signed here has named it.
    return facts.resultOf(srsStageName)?.['address'] === address ? goOn : relayingDenied;
  }

  /** Is it the postmaster without a domain, or at the name of this host? */
  #isPostmasterHere(address: string): boolean {
    if (!/^postmaster(?:@|$)/i.test(address)) return false;
    const at = address.lastIndexOf('@');
    return at === -1 || address.slice(at + 1).toLowerCase() === this.#hostname;
  }
}

/** RFC 5321 4.5.1: mail for the postmaster is accepted by every host that takes mail, whatever further stages would say. */
function acceptedAs(address: string): Verdict {
  return { kind: 'accept', edits: [{ kind: 'change-recipient', address }] };
}
