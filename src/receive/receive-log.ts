// Writes the log events of received mail: `received` and `rejected`.

import type { Logger } from '../log/logger.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';

export class ReceiveLog {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  received(
    queueId: string,
    transaction: AcceptedTransaction,
    priority: number | undefined,
    sizeBytes: number,
    startedAtMonotonicMs: number,
  ): void {
    this.#log.event('received', {
      id: queueId,
      from: transaction.reversePath,
      to: transaction.recipients.map((recipient) => recipient.address),
      client: transaction.client === '' ? undefined : transaction.client,
      via: transaction.client === '' ? 'sendmail' : undefined,
      helo: transaction.helo,
      size: sizeBytes,
      tenant: transaction.tenant === '' ? undefined : transaction.tenant,
      priority,
      transactionMs: Math.round(performance.now() - startedAtMonotonicMs),
    });
  }

  rejected(client: string, command: string, reply: Reply, reversePath: string, recipient: string): void {
    this.#log.event('rejected', {
      client,
      command,
      from: reversePath,
      to: recipient,
      reply: `${reply.code} ${reply.enhanced ?? ''} ${typeof reply.text === 'string' ? reply.text : reply.text.join(' ')}`,
    });
  }
}
