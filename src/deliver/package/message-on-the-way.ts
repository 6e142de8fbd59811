// The message that a connection of QMQP or QMTP has in hand: which recipients are sent, and what becomes of all of them.

import type { ClientVerdict } from '../../protocol/netstring/client-session.ts';
import type { OutgoingPackage } from '../../protocol/netstring/package.ts';
import type {
  ClientTransaction,
  RecipientOutcome,
  SessionFailure,
} from '../../protocol/smtp/client/client-types.ts';
import { noExtensions } from '../../protocol/smtp/client/extensions.ts';
import { decideLocally } from '../../protocol/smtp/client/local-checks.ts';
import type { TransactionInHand } from '../transaction-in-hand.ts';
import { envelopeAddress } from './envelope-address.ts';
import { outcomeOf } from './verdict-outcome.ts';

export class MessageOnTheWay {
  readonly inHand: TransactionInHand;
  /** `measured`: nothing of it was sent. */
  state: 'measured' | 'sending' | 'complete' = 'measured';
  readonly #transaction: ClientTransaction;
  /** Why recipients are not sent, by their index in the transaction. */
  readonly #unsent: ReadonlyMap<number, SessionFailure>;
  /** The others. */
  readonly #sent: readonly number[];

  constructor(inHand: TransactionInHand, transaction: ClientTransaction) {
    this.inHand = inHand;
    this.#transaction = transaction;
    // These protocols carry what a server without any extension takes. Their bytes have 8 bits.
    const { failures } = decideLocally(transaction, noExtensions, 'send');
    this.#unsent = new Map(failures.map(({ recipient, failure }) => [recipient, failure]));
    this.#sent = [...transaction.recipients.keys()].filter((index) => !this.#unsent.has(index));
  }

  /** How many recipients are sent. */
  get recipients(): number {
    return this.#sent.length;
  }

  /** @param contentBytes - in the form of the protocol */
  packageOf(contentBytes: number): OutgoingPackage {
    const { recipients, reversePath } = this.#transaction;
    return {
      contentBytes,
      reversePath: envelopeAddress(reversePath),
      recipients: this.#sent.map((index) => envelopeAddress(recipients[index]?.address ?? '')),
    };
  }

  /** @param verdicts - on the recipients that are sent, in their order; a string stands for all of them, when there was no answer */
  outcomes(verdicts: readonly ClientVerdict[] | string): RecipientOutcome[] {
    const told = new Map(
      this.#sent.map((index, at) => [index, typeof verdicts === 'string' ? verdicts : verdicts[at]]),
    );
    return [...this.#transaction.recipients.keys()].map((recipient) => {
      const failure = this.#unsent.get(recipient);
      if (failure !== undefined) return { recipient, result: 'permfail', failure };
      const verdict = told.get(recipient) ?? 'there was no answer';
      return outcomeOf(typeof verdict === 'string' ? lost(verdict) : verdict, recipient);
    });
  }
}

function lost(text: string): ClientVerdict {
  return { kind: 'temporary', text, isOurs: true };
}
