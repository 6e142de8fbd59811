// Where a receiver stores messages: the store of each queue, and which of them a recipient's mail is for.

import type { EnvelopeRecipient } from '../message/envelope.ts';
import type { WholeMail } from '../policy/queues/whole-mail.ts';
import type { SpoolWriter } from '../spool/types.ts';
import { defaultQueue } from '../values/queue-name.ts';
import type { TransactionOrigin } from './transaction-origin.ts';
import type { StoreWatch } from './store-watch.ts';

/** What is known of a message beside its recipients. */
export interface PlacedMail {
  readonly origin: Pick<TransactionOrigin, 'client' | 'principal'>;
  /** Empty for mail of no tenant. */
  readonly tenant: string;
  readonly reversePath: string;
  /** Undefined while it is not complete. */
  readonly whole: WholeMail | undefined;
}

/** One queue, as a receiver stores in it. */
export interface StorePlace {
  /** The name of the queue; undefined for the default one. */
  readonly queue?: string | undefined;
  readonly spool: SpoolWriter;
  readonly watch: Pick<StoreWatch, 'stored' | 'failed'>;
}

export interface StorePlaces {
  /** That of the default queue first. */
  readonly all: readonly [StorePlace, ...StorePlace[]];
  /** @param address - of the recipient; empty when no recipient is known yet */
  of(mail: PlacedMail, address: string): StorePlace;
  /** The name of the queue of a recipient, as far as it is known before the message is complete. */
  queueOf(mail: PlacedMail, address: string): string;
  /** Is the queue of some mail chosen by its header? Then headers are kept apart. */
  readonly looksAtHeader: boolean;
}

/** The recipients of a message whose mail is for the same queue. */
export interface PlacedRecipients {
  readonly place: StorePlace;
  readonly recipients: readonly EnvelopeRecipient[];
}

/** For an instance with one queue. */
export function onlyPlace(spool: SpoolWriter, watch: StorePlace['watch']): StorePlaces {
  const place: StorePlace = { spool, watch };
  return { all: [place], of: () => place, queueOf: () => defaultQueue, looksAtHeader: false };
}
