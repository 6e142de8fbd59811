// Writes the log events of received mail: `received` and `rejected`.

import type { Events } from '../log/events.ts';
import type { TraceFields } from '../message/trace-fields.ts';
import type { MailFacts } from '../policy/stage.ts';
import type { ForwardedFacts, Reply } from '../protocol/smtp/server/server-types.ts';
import { type EtrnNode, formatEtrnNode } from '../values/etrn-node.ts';
import { allowedText, dateText } from '../policy/sending/sending-text.ts';
import type { Again, ExceededSending } from '../policy/sending/types.ts';
import type { SignedMail } from '../signing/outgoing-mail.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import type { StoredPart } from './stored-form.ts';

/** What is known of a message when it is stored. */
export interface ReceivedFacts {
  readonly priority: number | undefined;
  readonly sizeBytes: number;
  /** Undefined when it was not to be signed. */
  readonly signed: SignedMail | undefined;
}

export class ReceiveLog {
  readonly #events: Events;

  constructor(events: Events) {
    this.#events = events;
  }

  received(
    { queue, queueId, recipients }: StoredPart,
    transaction: AcceptedTransaction,
    { priority, sizeBytes, signed }: ReceivedFacts,
    startedAtMonotonicMs: number,
  ): void {
    this.#events.happened('received', {
      id: queueId,
      begunAs: transaction.begunAs,
      from: transaction.reversePath,
      to: recipients.map(({ address }) => address),
      given: transaction.given,
      client: transaction.origin.client === '' ? undefined : transaction.origin.client,
      frontEnd: transaction.origin.frontEnd?.address,
      login: transaction.origin.principal,
      ...forwardedFields(transaction.forwarded),
      via: viaOf(transaction),
      helo: transaction.origin.helo,
      size: sizeBytes,
      tenant: transaction.tenant === '' ? undefined : transaction.tenant,
      queue,
      priority,
      quarantine: transaction.quarantine,
      marked: transaction.marked,
      turn: transaction.turn === undefined ? undefined : dateText(transaction.turn.at),
      signed: signed?.by.length === 0 ? undefined : signed?.by,
      unsigned: signed?.unsigned,
      tlsVersion: transaction.origin.tls?.version,
      tlsCipher: transaction.origin.tls?.cipher,
      transactionMs: Math.round(performance.now() - startedAtMonotonicMs),
    });
  }

  /** A message was answered 250 and dropped, because a stage said so. */
  discarded({ origin, reversePath, recipients, discard }: AcceptedTransaction): void {
    this.#events.happened('discarded', {
      from: reversePath,
      to: recipients.map((recipient) => recipient.address),
      client: origin.client === '' ? undefined : origin.client,
      helo: origin.helo,
      stage: discard?.stage === '' ? undefined : discard?.stage,
      reason: discard?.reason,
    });
  }

  /** A message was refused, because it has passed too many hosts. */
  looped({ origin, reversePath, recipients }: AcceptedTransaction, { hops, passed }: TraceFields): void {
    this.#events.happened('looped', {
      from: reversePath,
      to: recipients.map((recipient) => recipient.address),
      client: origin.client === '' ? undefined : origin.client,
      helo: origin.helo,
      login: origin.principal,
      hops,
      passed: passed === undefined || passed.text === '' ? undefined : passed.text,
    });
  }

  /** A message was not taken now, because of a sending limit. */
  limited(
    { client, principal, transaction }: Pick<MailFacts, 'client' | 'principal' | 'transaction'>,
    { by, key, quantity, rate }: ExceededSending,
    again: Again | undefined,
  ): void {
    this.#events.happened('sendingLimited', {
      client: client.address === '' ? undefined : client.address,
      login: principal,
      tenant: transaction.tenant === '' ? undefined : transaction.tenant,
      from: transaction.reversePath,
      by,
      key,
      limit: allowedText(quantity, rate),
      again: again === undefined ? undefined : dateText(again.at),
    });
  }

  /** A TLS handshake is through. The messages that come under it say more. */
  secured(): void {
    this.#events.counted('secured', 1);
  }

  /** A TLS handshake has failed, and with it the connection. */
  handshakeFailed(client: string, reason: string, handshakeMs: number): void {
    this.#events.happened('handshakeFailed', { client, reason, handshakeMs: Math.round(handshakeMs) });
  }

  /** @param application - the name of the application password that was used */
  authenticated(client: string, login: string, mechanism: string, application: string | undefined): void {
    this.#events.happened('authenticated', { client, login, mechanism, application });
  }

  /** @param reason - it may tell whether the user exists, so it is for the log alone */
  authenticationFailed(client: string, login: string, mechanism: string, reason: string): void {
    this.#events.happened('authenticationFailed', { client, login, mechanism, reason });
  }

  /** A load balancer has sent no proper PROXY header, and its connection was closed. */
  proxyHeaderFailed(frontEnd: string, reason: string): void {
    this.#events.happened('proxyHeaderFailed', { frontEnd, reason });
  }

  /**
   * A client has named too many recipients that do not exist, and its session ends.
   * @param unknown - how many of this session
   * @param rest - of its network, which is refused from now on
   */
  guessing(
    client: string,
    unknown: number,
    rest: { readonly key: string; readonly again: string } | undefined,
  ): void {
    this.#events.happened('guessing', { client, unknown, key: rest?.key, again: rest?.again });
  }

  /** A client has asked by ETRN for mail that waits. */
  asked(client: string, node: EtrnNode, reply: Reply): void {
    this.#events.happened('etrn', { client, node: formatEtrnNode(node), reply: replyText(reply) });
  }

  /**
   * @param stage - the stage that refused; empty or undefined when it was none
   * @param failure - why it failed; undefined when it has answered
   */
  rejected(
    client: string,
    command: string,
    reply: Reply,
    reversePath: string,
    recipient: string,
    stage?: string,
    failure?: string,
  ): void {
    this.#events.happened('rejected', {
      client,
      command,
      stage: stage === '' ? undefined : stage,
      from: reversePath,
      to: recipient,
      reply: replyText(reply),
      reason: failure,
    });
  }
}

function replyText({ code, enhanced = '', text }: Reply): string {
  const status = enhanced === '' ? String(code) : `${code} ${enhanced}`;
  return `${status} ${typeof text === 'string' ? text : text.join(' ')}`;
}

/** What XFORWARD said, as fields of the log. */
function forwardedFields(forwarded: ForwardedFacts | undefined) {
  if (forwarded === undefined) return undefined;
  return {
    forwardedClient: told(forwarded.address),
    forwardedName: told(forwarded.name),
    forwardedPort: told(forwarded.port),
    forwardedProtocol: told(forwarded.protocol),
    forwardedHelo: told(forwarded.helo),
    forwardedId: told(forwarded.id),
    forwardedSource: told(forwarded.source),
  };
}

function told(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** How a message came in, for the log; undefined for SMTP. */
function viaOf({ origin, via }: AcceptedTransaction): string | undefined {
  if (origin.listener === 'qmqp' || origin.listener === 'qmtp') return origin.listener;
  return via === 'smtp' ? undefined : via;
}
