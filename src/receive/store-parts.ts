// Stores a complete message: in one queue, or in several, each with its recipients there. Promises: a queue that fails says so for its
// part; what another one has stored by then stays stored, and the client hears of the failure, so that nothing is lost.

import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { SignedMail } from '../signing/outgoing-mail.ts';
import type { Appended, LargeContent } from '../spool/types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { PlacedRecipients, StorePlace } from './store-places.ts';
import { acceptedMessageOf, type Completion, envelopeOf, type StoredPart } from './stored-form.ts';
import { refusalAfterContent } from './store-refusals.ts';

/** The end of storing one part. */
export interface PartEnd {
  readonly place: StorePlace;
  readonly part: StoredPart;
  /** Undefined when it is not stored. */
  readonly appended: Appended | undefined;
  readonly error?: unknown;
}

/** A file with content, and the place whose store has it. */
export interface PlacedFile {
  readonly large: LargeContent;
  readonly place: StorePlace;
}

/** A message that waits to be stored; nothing of it changes any more. */
export interface WholeMessage {
  readonly transaction: AcceptedTransaction;
  readonly completion: Completion;
  /** Header fields that stand before the content. */
  readonly prefix: Uint8Array;
}

/** Stores a message that is in memory. Never rejects. */
export function storeSmall(whole: WholeMessage, content: readonly Uint8Array[]): Promise<PartEnd[]> {
  const { transaction, completion, prefix } = whole;
  return Promise.all(
    transaction.placed.map((placed) => {
      const part = partOf(transaction, placed);
      const envelope = envelopeOf(transaction, part, completion);
      return ended(placed.place, part, placed.place.spool.append({ envelope, prefix, content }));
    }),
  );
}

/** Stores a message whose content is in a file of one place, which may have no part of it. Never rejects. */
export async function storeLarge(whole: WholeMessage, { large, place: at }: PlacedFile): Promise<PartEnd[]> {
  const { transaction, completion, prefix } = whole;
  const { placed } = transaction;
  const ends: PartEnd[] = [];
  // The copies come first: the file belongs to the store once it is committed.
  for (const each of placed) {
    if (each.place === at) continue;
    const part = partOf(transaction, each);
    ends.push(await ended(each.place, part, copied(whole, large, each.place, part)));
  }
  const own = placed.find(({ place }) => place === at);
  if (own === undefined || ends.some(({ appended }) => appended === undefined)) {
    await large.abort();
    return ends;
  }
  const part = partOf(transaction, own);
  const committed = large.commit(envelopeOf(transaction, part, completion), prefix);
  return [await ended(at, part, committed), ...ends];
}

/** What is told of a message that is stored. */
interface ToldFacts {
  readonly completion: Completion;
  readonly signed: SignedMail | undefined;
  /** When the client began it: monotonic, in ms. */
  readonly startedAtMs: number;
}

/** Tells the manager and the log of the parts that are stored, and the watches of all. @returns the reply when one is not */
export function tellParts(
  { intake, log, tellsClient = false }: Pick<ReceiveContext, 'intake' | 'log' | 'tellsClient'>,
  transaction: AcceptedTransaction,
  ends: readonly PartEnd[],
  { completion, signed, startedAtMs }: ToldFacts,
): Reply | undefined {
  let failure: Reply | undefined;
  for (const { place, part, appended, error } of ends) {
    if (appended === undefined) {
      place.watch.failed(part.queueId, error);
      failure ??= refusalAfterContent(error);
      continue;
    }
    place.watch.stored();
    intake.submitted(acceptedMessageOf(transaction, part, appended, completion, tellsClient));
    const { sizeBytes } = appended;
    log.received(part, transaction, { priority: completion.priority, sizeBytes, signed }, startedAtMs);
  }
  return failure;
}

async function copied(
  { transaction, completion, prefix }: WholeMessage,
  large: LargeContent,
  { spool }: StorePlace,
  part: StoredPart,
): Promise<Appended> {
  const copy = await spool.openLarge(part.queueId);
  try {
    for await (const piece of large.read()) await copy.write(piece);
    return await copy.commit(envelopeOf(transaction, part, completion), prefix);
  } catch (error) {
    await copy.abort();
    throw error;
  }
}

/** The part at home has the queue id that stages and the Received field tell. */
function partOf(transaction: AcceptedTransaction, { place, recipients }: PlacedRecipients): StoredPart {
  const queueId = place === transaction.home ? transaction.queueId : place.spool.newQueueId();
  return { queue: place.queue, queueId, recipients };
}

async function ended(place: StorePlace, part: StoredPart, stored: Promise<Appended>): Promise<PartEnd> {
  try {
    return { place, part, appended: await stored };
  } catch (error) {
    return { place, part, appended: undefined, error };
  }
}
