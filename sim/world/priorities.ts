// Judges the order of first attempts: when a message of a tenant to a domain is granted for the first time, no other message
// of that tenant to that domain may wait for its first attempt with a higher priority, or with the same priority and a
// greater age. Only for messages with one recipient.

import type { Visit } from '../../src/simulate/trait.ts';
import { Witness } from '../../src/simulate/witness.ts';
import { check, type Ledger, type LedgerMessage } from './ledger.ts';

export class Priorities extends Witness {
  readonly #ledger: Ledger;
  readonly #wasGranted = new Set<number>();
  judged = 0;

  constructor(ledger: Ledger) {
    super();
    this.#ledger = ledger;
  }

  override granted(_visit: Visit, number: number): void {
    if (this.#wasGranted.has(number)) return;
    this.#wasGranted.add(number);
    const message = this.#ledger.message(number);
    for (const other of this.#ledger.messages) {
      if (other.done || other.held || this.#wasGranted.has(other.number) || !isBeside(message, other))
        continue;
      const isFirst =
        message.priority > other.priority || (message.priority === other.priority && number < other.number);
      check(
        isFirst,
        () => `${message.queueId} is granted before ${other.queueId}, which is more urgent or older`,
      );
      this.judged++;
    }
  }
}

function isBeside(message: LedgerMessage, other: LedgerMessage): boolean {
  return message.tenant === other.tenant && message.recipients[0]!.domain === other.recipients[0]!.domain;
}
