// Sending limits as the sessions of a process see them: which hold for a message, and who counts.

import { SendingRules } from './sending-rules.ts';
import type { HandIn, HeldSending, SendingLedger, SendingRule } from './types.ts';

export class SendingGate {
  readonly ledger: SendingLedger;
  #rules = new SendingRules([]);

  constructor(ledger: SendingLedger) {
    this.ledger = ledger;
  }

  /** For messages that begin from now on, in all sessions. */
  configure(rules: readonly SendingRule[]): void {
    this.#rules = new SendingRules(rules);
  }

  /** Nothing is limited. */
  get isOff(): boolean {
    return this.#rules.isEmpty;
  }

  heldFor(handIn: HandIn): readonly HeldSending[] {
    return this.#rules.of(handIn);
  }
}
