// Log lines of deliveries: one for each recipient that was delivered, and one for each fault of a message or a server.

import type { EventCounters } from '../log/event-counters.ts';
import type { LogFields } from '../log/event.ts';
import type { Events } from '../log/events.ts';
import type { Logger } from '../log/logger.ts';
import type { Envelope } from '../message/envelope.ts';
import type { Refusal } from '../message/refusal.ts';
import { refusalText } from '../message/refusal-text.ts';
import type { RecipientOutcome } from '../protocol/smtp/client/client-session.ts';
import type { PipeliningFault, PipeliningKind } from '../values/pipelining.ts';
import type { TlsFacts, TlsOutcome } from '../values/tls-outcome.ts';
import type { ConnectedPlace, Work } from './types.ts';

type DeliveredOutcome = Extract<RecipientOutcome, { readonly result: 'delivered' }>;

type DeliveryTimes = Pick<EventCounters, 'deliveredAfter'>;

const counters = { secured: 'secured', clear: 'clear', failed: 'tlsFailed' } as const;

/** What a server did, and what follows for a day. */
const faultTexts: Readonly<Record<PipeliningKind, string>> = {
  group: 'left commands unanswered that were sent together: no PIPELINING with it',
  across:
    'did not answer as it must when a message was sent behind another one: one message at a time with it',
  chunk: 'did not answer as it must when a message was sent with BDAT: no CHUNKING with it',
};

/** Facts about a finished transaction. */
export interface DeliveryFacts {
  readonly work: Work;
  /** The envelope with only the recipients of this transaction, in the order of `work.recipients`. */
  readonly envelope: Envelope;
  /** The sender in MAIL, when it is not that of the envelope. */
  readonly sentAs?: string | undefined;
  readonly grant: ConnectedPlace;
  readonly sizeBytes: number;
  readonly source: string;
  /** Ms from the connection's start until this transaction could begin; 0 on a connection that was already open. */
  readonly connectMs: number;
  readonly transactionMs: number;
  /** Undefined for a session in clear. */
  readonly tls?: TlsFacts | undefined;
}

export class DeliveryLog {
  readonly #log: Logger;
  readonly #events: Events;
  readonly #queueOf: (store: number) => string | undefined;
  readonly #times: DeliveryTimes | undefined;

  /**
   * @param queueOf - the name of the queue whose store has this number; undefined: the default one
   * @param times - is told how long deliveries took
   */
  constructor(
    log: Logger,
    events: Events,
    queueOf: (store: number) => string | undefined = () => undefined,
    times?: DeliveryTimes,
  ) {
    this.#log = log;
    this.#events = events;
    this.#queueOf = queueOf;
    this.#times = times;
  }

  /** Whether somebody reads the facts of deliveries; otherwise `counted` is enough. */
  get isOn(): boolean {
    return this.#events.areRead;
  }

  /**
   * Counts the recipients that were delivered, whose facts nobody reads.
   * @param receivedAtMs - date at which their message was accepted
   */
  counted(outcomes: readonly RecipientOutcome[], receivedAtMs: number): void {
    this.#events.counted('delivered', this.#timed(outcomes, receivedAtMs));
  }

  /** @returns how many recipients were delivered */
  #timed(outcomes: readonly RecipientOutcome[], receivedAtMs: number): number {
    let delivered = 0;
    for (const { result } of outcomes) if (result === 'delivered') delivered++;
    this.#times?.deliveredAfter((Date.now() - receivedAtMs) / 1_000, delivered);
    return delivered;
  }

  /** A mailbox had no room for a message. The refusal of the recipient is a line of the manager. */
  overQuota(): void {
    this.#events.counted('overQuota', 1);
  }

  /** A message for a user is not answered, because of a fault of this host. */
  notAnswered(user: string, reason: string): void {
    this.#log.warn(`mail for ${user} is not answered: ${reason}`);
  }

  /** Writes a line for each recipient that was delivered. */
  delivered(facts: DeliveryFacts, outcomes: readonly RecipientOutcome[]): void {
    this.#timed(outcomes, facts.envelope.receivedAtMs);
    for (const outcome of outcomes) if (outcome.result === 'delivered') this.#deliveredOne(facts, outcome);
  }

  #deliveredOne(facts: DeliveryFacts, { recipient, reply }: DeliveredOutcome): void {
    this.#events.happened('delivered', {
      id: facts.work.queueId,
      from: facts.envelope.reversePath,
      sentAs: facts.sentAs,
      to: facts.envelope.recipients[recipient]?.address ?? '',
      site: facts.grant.site,
      source: facts.source,
      tenant: facts.envelope.tenant,
      queue: this.#queueOf(facts.work.ref.store),
      ...serverFields(facts.grant),
      tlsVersion: facts.tls?.version,
      tlsCipher: facts.tls?.cipher,
      tlsVerification: facts.tls?.verification,
      reply: `${reply.code} ${reply.lines.join(' ')}`,
      size: facts.sizeBytes,
      // The clock may have been set back since the message was received.
      delayMs: Math.max(0, Date.now() - facts.envelope.receivedAtMs),
      connectMs: facts.connectMs,
      transactionMs: facts.transactionMs,
    });
  }

  /** Counts what TLS came to on a connection; nothing where it was not wanted. */
  tls(outcome: TlsOutcome | undefined): void {
    if (outcome !== undefined) this.#events.counted(counters[outcome.kind], 1);
  }

  /** A server is served without a kind of pipelining from now on. */
  distrusted(place: ConnectedPlace, { kind, text }: PipeliningFault): void {
    const { host, ip } = place.hop;
    this.#log.info(
      `${host}${ip === '' ? '' : ` [${ip}]`} ${faultTexts[kind]} for a day: ${text}`,
      serverFields(place),
    );
  }

  unreadable(work: Work, refusal: Refusal): void {
    // A message whose sender cannot be rewritten was read: the troubles say what is wrong, and the manager logs that it waits.
    if (refusal.during === 'routing') return;
    this.#log.error(`message ${work.queueId} cannot be read from the spool: ${refusalText(refusal)}`);
  }
}

/** What has no IP address is named by `host` alone. */
function serverFields({ hop: { host, ip } }: ConnectedPlace): Pick<LogFields, 'remote' | 'host'> {
  return { remote: ip === '' ? undefined : ip, host };
}
