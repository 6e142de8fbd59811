// Writes the log events of received mail: `received` and `rejected`.

import type { Events } from '../log/events.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';

export class ReceiveLog {
  readonly #events: Events;

  constructor(events: Events) {
    this.#events = events;
  }

  received(
    queueId: string,
    transaction: AcceptedTransaction,
    priority: number | undefined,
    sizeBytes: number,
    startedAtMonotonicMs: number,
  ): void {
    this.#events.happened('received', {
      id: queueId,
      from: transaction.reversePath,
      to: transaction.recipients.map((recipient) => recipient.address),
      client: transaction.origin.client === '' ? undefined : transaction.origin.client,
      via: transaction.via === 'smtp' ? undefined : transaction.via,
      helo: transaction.origin.helo,
      size: sizeBytes,
      tenant: transaction.tenant === '' ? undefined : transaction.tenant,
      priority,
      quarantine: transaction.quarantine,
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

  /** @param stage - the stage that refused; empty or undefined when it was none */
  rejected(
    client: string,
    command: string,
    reply: Reply,
    reversePath: string,
    recipient: string,
    stage?: string,
  ): void {
    this.#events.happened('rejected', {
      client,
      command,
      stage: stage === '' ? undefined : stage,
      from: reversePath,
      to: recipient,
      reply: `${reply.code} ${reply.enhanced ?? ''} ${typeof reply.text === 'string' ? reply.text : reply.text.join(' ')}`,
    });
  }
}
