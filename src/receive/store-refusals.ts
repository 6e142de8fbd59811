// The replies to a message that cannot be stored: 452 without room, 451 for any other reason (RFC 5321 4.2.2, RFC 3463 3.4).
// Promises: they are always temporary, since the fault is ours and the client keeps the message. And the replies to one that loops,
// or cannot be signed.

import { FrontError } from '../front/front-error.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import { domainOf } from '../address/domain.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { SpoolError } from '../spool/spool-error.ts';
import { SigningError } from '../signing/signing-error.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { SpoolWriter } from '../spool/types.ts';
import { defaultQueue } from '../values/queue-name.ts';

export const tooManyHops: Reply = {
  code: 554,
  enhanced: '5.4.6',
  text: 'Too many hops: this message loops',
};

/** No memory is left for content. */
const busy: Reply = { code: 452, enhanced: '4.3.1', text: 'Too much mail at once, try again later' };

const noRoom: Reply = { code: 452, enhanced: '4.3.1', text: 'Insufficient disk space, try again later' };
/** X.3.0: a problem of our system other than room. */
const unstorable: Reply = {
  code: 451,
  enhanced: '4.3.0',
  text: 'Mail cannot be stored now, try again later',
};
/** RFC 3463 X.3.2: the system is not accepting messages, for example because of maintenance. */
const queueStopped: Reply = {
  code: 451,
  enhanced: '4.3.2',
  text: 'Mail for this recipient is not accepted now, try again later',
};
/** The queue has a quota of its own. */
const queueFull: Reply = {
  code: 452,
  enhanced: '4.3.1',
  text: 'Too much mail for this recipient waits here already, try again later',
};
/** The record of its domain has a quota. */
const domainFull: Reply = {
  code: 452,
  enhanced: '4.3.1',
  text: 'Too much mail for this domain waits here already, try again later',
};
const notStored: Reply = {
  code: 451,
  enhanced: '4.3.0',
  text: 'The message could not be stored, try again later',
};

/** X.7.5: a cryptographic failure. */
const cannotSign: Reply = {
  code: 451,
  enhanced: '4.7.5',
  text: 'This message cannot be signed now, try again later',
};

/** The reply at MAIL or DATA when the spool could not store the message; undefined when it could. */
export function refusalBeforeContent(spool: SpoolWriter, sizeBytes: number): Reply | undefined {
  if (spool.hasRoom(sizeBytes)) return undefined;
  if (spool.failure === undefined) return noRoom;
  return spool.failure.code === 'SPOOL_STOPPED' ? queueStopped : unstorable;
}

/** The reply at RCPT when the queue of the recipient could not store the message, or it or the domain has no room by a quota: other recipients may go on. */
export function refusalOfQueue(
  { places, queue }: Pick<ReceiveContext, 'places' | 'queue'>,
  transaction: AcceptedTransaction,
  address: string,
): Reply | undefined {
  const isOnly = places.all.length === 1;
  const place = isOnly ? places.all[0] : places.of(transaction, address);
  if (queue?.ledger.isFull?.(place.queue ?? defaultQueue) === true) return queueFull;
  if (queue?.ledger.isDomainFull?.(domainOf(address)) === true) return domainFull;
  return isOnly ? undefined : refusalBeforeContent(place.spool, transaction.params.sizeBytes);
}

/** The reply at MAIL when the message could not be stored, or there is no memory for it; undefined when there is. */
export function refusalOfMail(
  {
    places,
    front,
    memory,
  }: Pick<ReceiveContext, 'places' | 'front'> & { readonly memory: Pick<MemoryBudget, 'exhausted'> },
  sizeBytes: number,
): Reply | undefined {
  // Whose mail it is, and for which queue, is not known yet: the room that one of them has is enough.
  let refusal = front?.refusal;
  if (refusal !== undefined) return refusal;
  for (const { spool } of places.all) {
    refusal = refusalBeforeContent(spool, sizeBytes);
    if (refusal === undefined) break;
  }
  return refusal ?? (memory.exhausted ? busy : undefined);
}

/** The reply after the content when the message could not be stored. */
export function refusalAfterContent(error: unknown): Reply {
  if (error instanceof SigningError) return cannotSign;
  if (error instanceof FrontError) return error.reply;
  return error instanceof SpoolError && error.code === 'SPOOL_FULL' ? noRoom : notStored;
}

/** A front end has no quarantine. */
const notHeld: Reply = {
  code: 451,
  enhanced: '4.7.1',
  text: 'The message would be held, which is not possible here',
};

/** The reply to a message that stages hold, where nothing is held. */
export function heldNowhere({ handover, quarantine }: AcceptedTransaction): Reply | undefined {
  return handover === undefined || quarantine === undefined ? undefined : notHeld;
}
