// Room for a message: in the queue, where its tenant has a quota, and in quarantine, where stages want it to be held. It is asked for when the
// message is complete. Promises: a message without room is refused for now: it is never accepted and not held, and never dropped; room of a
// message that is not accepted is given up.

import { fullQueue, queueUnknown } from '../policy/room/queue-replies.ts';
import type { RoomAnswer, RoomPlace } from '../policy/room/types.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import type { ReceiveContext } from './receive-context.ts';

/** Nobody is told that the message would have been held. */
const noQuarantine: Reply = {
  code: 451,
  enhanced: '4.3.1',
  text: 'No room for this message now, try again later',
};

/** `stage`: the name of the limit in the log. */
export interface NoRoom {
  readonly reply: Reply;
  readonly stage: 'quarantine' | 'queue-quota';
}

export class MessageRoom {
  readonly #context: ReceiveContext;
  /** The question that is waited for. */
  #asked: object | undefined;

  constructor(context: ReceiveContext) {
    this.#context = context;
  }

  /** Has somebody to be asked about this message? */
  isNeeded(transaction: AcceptedTransaction): boolean {
    return this.#isNeededIn('queue', transaction) || this.#isNeededIn('quarantine', transaction);
  }

  /** Takes room. @param then - is called later, unless the client has gone; with the reply when there is no room */
  take(transaction: AcceptedTransaction, sizeBytes: number, then: (refusal?: NoRoom) => void): void {
    this.#takeIn('queue', transaction, sizeBytes, (refusal) => {
      if (refusal === undefined) this.#takeIn('quarantine', transaction, sizeBytes, then);
      else then(refusal);
    });
  }

  /** The message is dropped. */
  gone(): void {
    this.#asked = undefined;
  }

  #isNeededIn(place: RoomPlace, { quarantine, discard, tenant }: AcceptedTransaction): boolean {
    if (discard !== undefined || (place === 'quarantine' && quarantine === undefined)) return false;
    return this.#context[place]?.isLimited(tenant) === true;
  }

  #takeIn(
    place: RoomPlace,
    transaction: AcceptedTransaction,
    sizeBytes: number,
    then: (refusal?: NoRoom) => void,
  ): void {
    const gate = this.#context[place];
    if (gate === undefined || !this.#isNeededIn(place, transaction)) {
      then();
      return;
    }
    const { queueId, tenant } = transaction;
    const asked = {};
    this.#asked = asked;
    void gate.ledger.reserve({ queueId, tenant, sizeBytes }).then((answer) => {
      const isGone = this.#asked !== asked;
      if (answer.kind !== 'reserved') {
        if (!isGone) then(refusalOf(place, answer, sizeBytes));
        return;
      }
      if (isGone) {
        gate.ledger.giveUp(queueId);
        return;
      }
      transaction.whenNotAccepted(() => gate.ledger.giveUp(queueId));
      then();
    });
  }
}

function refusalOf(
  place: RoomPlace,
  answer: Exclude<RoomAnswer, { readonly kind: 'reserved' }>,
  sizeBytes: number,
): NoRoom {
  if (place === 'quarantine') return { reply: noQuarantine, stage: 'quarantine' };
  const reply = answer.kind === 'full' ? fullQueue(answer.full, sizeBytes) : queueUnknown;
  return { reply, stage: 'queue-quota' };
}
