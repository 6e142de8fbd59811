// Priority, then age: when a message of a tenant to a domain is granted for the first time, none of that tenant to that
// domain with a higher priority, or as high and older, may be waiting for its first attempt. For messages of one recipient.

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
      check(isFirst, () => `${message.queueId} is granted before ${other.queueId}, which comes first`);
      this.judged++;
    }
  }
}

function isBeside(message: LedgerMessage, other: LedgerMessage): boolean {
  return message.tenant === other.tenant && message.recipients[0]!.domain === other.recipients[0]!.domain;
}
