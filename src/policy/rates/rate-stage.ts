// [[stage]] of the kind "rates": asks whoever counts for all receivers whether a client, a network or a domain is within its rates.

import { domainOf } from '../../address/domain.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';
import { maskedNetwork, type NetworkSizes } from '../../values/masked-network.ts';
import type { Rate } from '../../values/rate.ts';
import { isInAudience } from '../audience.ts';
import type { Exemptions } from '../defences/exemptions.ts';
import { periodText } from '../sending/sending-text.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  goOn,
  type MailFacts,
  type Point,
  type RcptFacts,
  type SessionFacts,
  type TransactionFacts,
  type Verdict,
} from '../stage.ts';
import type { RateAnswer, RateEvents, RateKind, RateLedger, RateQuantity } from './types.ts';

export interface RateStageParts extends ConfiguredStageValues {
  readonly timeLimitMs: number;
  readonly by: RateKind;
  readonly sizes: NetworkSizes;
  /** What it limits. */
  readonly quantities: ReadonlySet<RateQuantity>;
  readonly beyond: 'tempfail' | 'disconnect';
  readonly exemptions: Exemptions;
  readonly ledger: RateLedger;
}

export class RateStage extends ConfiguredStage {
  readonly #parts: RateStageParts;
  /** The domains of recipients of a message that were counted. */
  readonly #domains = new WeakMap<TransactionFacts, Set<string>>();

  constructor(parts: RateStageParts) {
    super(parts, parts.timeLimitMs);
    this.#parts = parts;
  }

  asksAt(point: Point): boolean {
    const { by, quantities } = this.#parts;
    const isOfClient = by === 'client' || by === 'network';
    const hasRefused = quantities.has('refused_recipients');
    switch (point) {
      case 'connect':
        return isOfClient && (quantities.has('connections') || hasRefused);
      case 'mail':
        return by !== 'recipient_domain' && (quantities.has('messages') || hasRefused);
      case 'rcpt':
        return (
          quantities.has('recipients') ||
          hasRefused ||
          (by === 'recipient_domain' && quantities.has('messages'))
        );
      default:
        return false;
    }
  }

  connect(facts: SessionFacts): Answer {
    if (this.#parts.exemptions.hasClient(facts)) return goOn;
    return this.#ask(facts, this.#clientKey(facts), { connections: 1 }, true);
  }

  mail(facts: MailFacts): Answer {
    if (this.#parts.exemptions.hasMail(facts)) return goOn;
    const { by } = this.#parts;
    const key = by === 'sender_domain' ? senderDomain(facts) : this.#clientKey(facts);
    return this.#ask(facts, key, { messages: 1 }, false);
  }

  rcpt(facts: RcptFacts): Answer {
    if (this.#parts.exemptions.hasMail(facts)) return goOn;
    const key = this.#recipientKey(facts);
    const isNewMessage = this.#parts.by === 'recipient_domain' && !this.#isCounted(facts.transaction, key);
    const answer = this.#ask(facts, key, { recipients: 1, ...(isNewMessage && { messages: 1 }) }, false);
    if (!isNewMessage || !(answer instanceof Promise)) return answer;
    return answer.then((verdict) => {
      if (verdict === goOn) this.#counted(facts.transaction, key);
      return verdict;
    });
  }

  recipientRefused(facts: RcptFacts, { code }: Reply, by: string): void {
    const { quantities, exemptions, ledger, audience } = this.#parts;
    if (!quantities.has('refused_recipients') || code < 500 || by === this.name || facts.isTrial) return;
    if (audience !== undefined && !isInAudience(audience, facts)) return;
    if (exemptions.hasMail(facts)) return;
    const key = this.#recipientKey(facts);
    if (key !== '') ledger.noteRate({ stage: this.name, key, events: { refused_recipients: 1 } });
  }

  /** @param isConnection - whether the client has not been greeted yet */
  #ask(facts: SessionFacts, key: string, events: RateEvents, isConnection: boolean): Answer {
    // A bounce has no domain of a sender.
    if (key === '') return goOn;
    const question = { stage: this.name, key, events, ...(facts.isTrial && { isTrial: true }) };
    return this.#verdict(facts, question, isConnection);
  }

  async #verdict(
    facts: SessionFacts,
    question: Parameters<RateLedger['rate']>[0],
    isConnection: boolean,
  ): Promise<Verdict> {
    const answer = await this.#parts.ledger.rate(question);
    if (answer.kind === 'within') return goOn;
    if (answer.kind === 'failing') throw new Error(answer.reason);
    // A name is looked up only for whom it could help.
    if (await this.#parts.exemptions.hasName(facts)) return goOn;
    return this.#refusal(answer, question.key, isConnection);
  }

  #refusal(
    { quantity, rate, againMs }: Extract<RateAnswer, { readonly kind: 'exceeded' }>,
    key: string,
    isConnection: boolean,
  ): Verdict {
    const { by, beyond } = this.#parts;
    // What came counts for up to a sixtieth of the period longer, which is left out: a client would take more than the period for a mistake.
    const toldMs = Math.min(againMs, rate.perMs);
    const text = `${whoText(by, key)} ${allowedText(by, quantity, rate)}: try again in ${spanText(toldMs)}`;
    // RFC 5321 3.8: 421 says that the connection is closed. RFC 3463 3.8: X.7.0 other security status, X.7.1 delivery not authorized.
    return isConnection || beyond === 'disconnect'
      ? { kind: 'disconnect', reply: { code: 421, enhanced: '4.7.0', text } }
      : { kind: 'tempfail', reply: { code: 451, enhanced: '4.7.1', text } };
  }

  #clientKey({ client }: SessionFacts): string {
    const { by, sizes } = this.#parts;
    // One host has a whole /64 in IPv6 (RFC 4291 2.5.4).
    return maskedNetwork(client.address, by === 'network' ? sizes : { ipv4: 32, ipv6: 64 });
  }

  #recipientKey(facts: RcptFacts): string {
    switch (this.#parts.by) {
      case 'sender_domain':
        return senderDomain(facts);
      case 'recipient_domain':
        return domainOf(facts.recipient.address);
      case 'client':
      case 'network':
        return this.#clientKey(facts);
    }
  }

  #isCounted(transaction: TransactionFacts, domain: string): boolean {
    return this.#domains.get(transaction)?.has(domain) === true;
  }

  #counted(transaction: TransactionFacts, domain: string): void {
    const domains = this.#domains.get(transaction) ?? new Set();
    this.#domains.set(transaction, domains.add(domain));
  }
}

function senderDomain({ transaction }: MailFacts): string {
  return domainOf(transaction.reversePath);
}

function whoText(by: RateKind, key: string): string {
  switch (by) {
    case 'client':
      return 'Your address may';
    case 'network':
      return `Your network ${key} may`;
    case 'sender_domain':
      return `Senders of ${key} may`;
    case 'recipient_domain':
      return `Mail for ${key} may`;
  }
}

const deeds: Readonly<Record<RateQuantity, readonly [before: string, one: string]>> = {
  connections: ['make', 'connection'],
  messages: ['send', 'message'],
  recipients: ['have', 'recipient'],
  refused_recipients: ['have', 'refused recipient'],
};

function allowedText(by: RateKind, quantity: RateQuantity, { count, perMs }: Rate): string {
  const [deed, one] = by === 'recipient_domain' ? ['have', deeds[quantity][1]] : deeds[quantity];
  return `${deed} ${count} ${one}${count === 1 ? '' : 's'} ${periodText(perMs)}`;
}

function spanText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}
