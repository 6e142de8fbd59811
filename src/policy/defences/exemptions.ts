// Whom a defence leaves alone, beside those whom its `audience` leaves out: clients, senders, and mail that an earlier stage vouches for.

import type { DomainPattern, SenderPattern } from '../../values/domain.ts';
import { DomainSet } from '../../values/domain-set.ts';
import type { Network } from '../../values/network.ts';
import { NetworkSet } from '../../values/network-set.ts';
import { meetsResultCondition, type ResultCondition } from '../../values/result-condition.ts';
import type { ClientNames } from '../client-names.ts';
import type { MailFacts, SessionFacts } from '../stage.ts';
import { AddressSet } from './address-set.ts';

/** The keys of a [[stage]] that say so. */
export interface ExemptionConfig {
  readonly exceptClients: readonly Network[];
  /** Names of clients in the DNS that lead back to them. */
  readonly exceptNames: readonly DomainPattern[];
  readonly exceptSenders: readonly SenderPattern[];
  /** One of them is enough. */
  readonly exceptResults: readonly ResultCondition[];
}

/** The result of verification is complete at the end of a message; that of these keys is known at DATA. */
const knownAtData: ReadonlySet<string> = new Set(['iprev', 'clientName', 'spf', 'spfDomain', 'spfHelo']);

export class Exemptions {
  readonly #clients: NetworkSet;
  readonly #names: DomainSet | undefined;
  readonly #senders: AddressSet;
  readonly #results: readonly ResultCondition[];
  readonly #lookups: Pick<ClientNames, 'of'>;

  constructor(config: ExemptionConfig, lookups: Pick<ClientNames, 'of'>) {
    this.#clients = new NetworkSet(config.exceptClients);
    this.#names = config.exceptNames.length === 0 ? undefined : new DomainSet(config.exceptNames);
    this.#senders = new AddressSet(config.exceptSenders);
    this.#results = config.exceptResults;
    this.#lookups = lookups;
  }

  /** Is the client left alone, whatever its mail? Its name is not looked up for that. */
  hasClient({ client }: Pick<SessionFacts, 'client'>): boolean {
    return client.address === '' || this.#clients.has(client.address);
  }

  /** Is the sender of the envelope left alone? */
  hasSender({ transaction }: MailFacts): boolean {
    return this.#senders.has(transaction.reversePath);
  }

  /** Is this message left alone? Its client's name is not looked up for that. */
  hasMail(facts: MailFacts): boolean {
    return (
      this.hasClient(facts) ||
      this.hasSender(facts) ||
      this.#results.some((each) => meetsResultCondition(each, facts.resultOf(each.stage)))
    );
  }

  /** Is the client left alone for its name? @returns at once where no names are given; a name that cannot be looked up is none */
  hasName({ client }: Pick<SessionFacts, 'client'>): boolean | Promise<boolean> {
    const names = this.#names;
    if (names === undefined) return false;
    const told = client.frontEnd?.clientName;
    if (told !== undefined) return names.has(told.toLowerCase());
    return this.#lookups
      .of(client.address)
      .then((found) => found.kind === 'names' && found.names.some((name) => names.has(name.toLowerCase())));
  }
}

/** From which point on the results of these conditions are known. */
export function pointOfResults(conditions: readonly ResultCondition[]): 'rcpt' | 'data' | 'content' {
  const own = conditions.filter(({ stage }) => stage === 'verification');
  if (own.length === 0) return 'rcpt';
  return own.every(({ key }) => knownAtData.has(key)) ? 'data' : 'content';
}
