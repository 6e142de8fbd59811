// Room in quarantine for a message that stages want to be held. It is asked for when the message is complete. Promises: a message without room is
// refused for now: it is never accepted and not held, and never dropped; room of a message that is not accepted is given up.

import type { RoomAnswer } from '../policy/quarantine/types.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import type { ReceiveContext } from './receive-context.ts';

/** The name of this limit in the log. */
export const quarantineStage = 'quarantine';

/** Nobody is told that the message would have been held. */
const noRoom: Reply = { code: 451, enhanced: '4.3.1', text: 'No room for this message now, try again later' };

export class QuarantineRoom {
  readonly #context: ReceiveContext;
  /** The question that is waited for. */
  #asked: object | undefined;

  constructor(context: ReceiveContext) {
    this.#context = context;
  }

  /** Has somebody to be asked about this message? */
  isNeeded({ quarantine, discard, tenant }: AcceptedTransaction): boolean {
    if (quarantine === undefined || discard !== undefined) return false;
    return this.#context.quarantine?.isLimited(tenant) === true;
  }

  /** Takes room. @param then - is called later, unless the client has gone; with the reply when there is no room */
  take(
    transaction: AcceptedTransaction,
    sizeBytes: number,
    then: (refusal: Reply | undefined) => void,
  ): void {
    const gate = this.#context.quarantine;
    if (gate === undefined) return then(undefined);
    const { queueId, tenant } = transaction;
    const asked = {};
    this.#asked = asked;
    void gate.ledger.reserve({ queueId, tenant, sizeBytes }).then((answer: RoomAnswer) => {
      const isGone = this.#asked !== asked;
      if (answer.kind !== 'reserved') {
        if (!isGone) then(noRoom);
        return;
      }
      if (isGone) {
        gate.ledger.giveUp(queueId);
        return;
      }
      transaction.whenNotAccepted(() => gate.ledger.giveUp(queueId));
      then(undefined);
    });
  }

  /** The message is dropped. */
  gone(): void {
    this.#asked = undefined;
  }
}
