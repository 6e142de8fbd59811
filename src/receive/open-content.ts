// Where content goes that is too large for memory: to a file of the store, or on a front end at once to a central server.

import { FrontError } from '../front/front-error.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';
import type { LargeContent } from '../spool/types.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { WholeMessage } from './store-parts.ts';
import { envelopeOf } from './stored-form.ts';
import type { ReceiveSettings } from './types.ts';

/** When memory is scarce, content beyond this goes on while it arrives. */
const scarceSpillBytes = 64 * 1024;
/** Content that nobody examines is passed on from this size on. */
const streamedBytes = 256 * 1024;

/** So much of a message is held in memory. @param isHeaderComplete - what stands before the content can be made */
export function spillBytesOf(
  { handover }: Pick<AcceptedTransaction, 'handover'>,
  isHeaderComplete: boolean,
  memory: Pick<MemoryBudget, 'scarce' | 'exhausted'>,
  { largeMessageBytes }: Pick<ReceiveSettings, 'largeMessageBytes'>,
): number {
  if (handover === undefined) return memory.scarce ? scarceSpillBytes : largeMessageBytes;
  if (!handover.mayStream || !isHeaderComplete) return memory.exhausted ? 0 : largeMessageBytes;
  return memory.scarce ? scarceSpillBytes : Math.min(streamedBytes, largeMessageBytes);
}

/** @param whole - what stands before the content, and the envelope, as far as they are known; or why the message is refused */
export async function openContent(
  transaction: AcceptedTransaction,
  whole: () => WholeMessage | Reply,
): Promise<LargeContent> {
  const { handover, home, queueId, recipients } = transaction;
  if (handover === undefined) return home.spool.openLarge(queueId);
  const begun = whole();
  if ('code' in begun) throw new FrontError(begun);
  const part = { queue: undefined, queueId, recipients };
  return handover.stream(envelopeOf(transaction, part, begun.completion), begun.prefix);
}
