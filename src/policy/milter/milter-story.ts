// What a milter has been told of a session on its present connection. Promises: it hears of every event before those that build on it,
// also when it is asked for the first time in the middle of a session.

import type { MacroSource } from '../../protocol/milter/macro-lists.ts';
import type { MilterSession } from '../../protocol/milter/milter-session.ts';
import type { ClientName } from '../client-name.ts';
import { clientAddress, clientPort, familyOf } from '../session-texts.ts';
import type { MailFacts, RecipientFacts, SessionFacts } from '../stage.ts';
import { mailParameters, rcptParameters } from './esmtp-parameters.ts';
import { type MacroSettings, macrosOf, type RefusedRecipient } from './milter-macros.ts';

/** The points of a session at which a milter is asked, in order. */
export const milterPoints = ['connect', 'helo', 'mail', 'rcpt', 'data', 'content'] as const;

export type MilterPoint = (typeof milterPoints)[number];

export class MilterStory {
  readonly #settings: MacroSettings;
  readonly #name: ClientName;
  readonly #session: MilterSession;
  #saidConnect = false;
  #saidHelo = '';
  #saidMail = false;
  #saidData = false;

  constructor(settings: MacroSettings, name: ClientName, session: MilterSession) {
    this.#settings = settings;
    this.#name = name;
    this.#session = session;
  }

  /** Does it know of the present message? */
  get isInMessage(): boolean {
    return this.#saidMail;
  }

  /** Tells it of an event, and of those before it that it does not know of, without the recipients that were accepted before. */
  tell(point: MilterPoint, facts: SessionFacts | MailFacts, recipient?: RecipientFacts): void {
    if (!this.#saidConnect) {
      this.#saidConnect = true;
      const address = clientAddress(facts);
      const name = this.#name.verified ?? `[${address}]`;
      const from = { family: familyOf(address), port: clientPort(facts) ?? 0, address };
      this.#session.connect({ name, address: from }, this.macros(facts));
    }
    if (point === 'connect') return;
    // RFC 5321 4.1.4: a new HELO ends the transaction.
    if (point === 'helo' && this.#saidMail) this.endMessage();
    // Under TLS, a client says it once more (RFC 3207 4.2).
    const helo = facts.helo === '' ? '' : `${facts.helo} ${facts.tls?.version ?? ''}`;
    if (helo !== '' && (point === 'helo' || helo !== this.#saidHelo)) {
      this.#saidHelo = helo;
      this.#session.helo(facts.helo, this.macros(facts));
    }
    if (point === 'helo') return;
    this.#tellOfMessage(point, facts as MailFacts, recipient);
  }

  /** Tells it of the recipients that were accepted before it was asked about the message. */
  tellRecipients(facts: MailFacts): void {
    for (const recipient of facts.transaction.recipients) {
      this.#tellOfRecipient(facts, {
        address: recipient.address,
        params: recipient as RecipientFacts['params'],
      });
    }
  }

  /** Tells it of a recipient that was refused, if it wants to know. */
  tellRefused(facts: MailFacts, recipient: RefusedRecipient): void {
    if (!this.#saidMail) return;
    const { address, params } = recipient;
    this.#session.rcpt(address, rcptParameters(params), this.macros(facts, recipient), true);
  }

  /** The message has ended, however it did. */
  endMessage(): void {
    this.#saidMail = false;
    this.#saidData = false;
    this.#session.endMessage();
  }

  macros(facts: SessionFacts | MailFacts, recipient?: RecipientFacts): MacroSource {
    const transaction = this.#saidMail ? (facts as MailFacts).transaction : undefined;
    return macrosOf(this.#settings, facts, this.#name, transaction, recipient);
  }

  #tellOfMessage(point: MilterPoint, facts: MailFacts, recipient: RecipientFacts | undefined): void {
    if (!this.#saidMail) {
      this.#saidMail = true;
      const { reversePath, params } = facts.transaction;
      this.#session.mail(reversePath, mailParameters(params), this.macros(facts));
    }
    if (recipient !== undefined) this.#tellOfRecipient(facts, recipient);
    if (!this.#saidData && (point === 'data' || point === 'content')) {
      this.#saidData = true;
      this.#session.data(this.macros(facts));
    }
  }

  #tellOfRecipient(facts: MailFacts, recipient: RecipientFacts): void {
    const { address, params } = recipient;
    this.#session.rcpt(address, rcptParameters(params), this.macros(facts, recipient));
  }
}
