// Checks messages whose envelope an operator's command could not read. Promises: a message is said to be gone only when it is
// not in the manager's queue any more, and a damaged message is held before the answer is given.

import type { ExaminedMessage, NamedMessage } from '../control/operations/queue-pages.ts';
import { isDamage } from '../spool/spool-error.ts';
import type { MessageHandle, Scheduler } from '../schedule/types.ts';
import type { SpoolReader, SpoolStore } from '../spool/types.ts';

export interface UnreadableMailParts {
  readonly store: Pick<SpoolStore, 'locate' | 'pin' | 'unpin' | 'isDamaged'>;
  readonly reader: Pick<SpoolReader, 'readEnvelope'>;
  readonly scheduler: Pick<Scheduler, 'isQueued'>;
  /** Holds a message, and journals why. */
  readonly holdDamaged: (queueId: string, message: MessageHandle, why: string) => void;
}

export class UnreadableMail {
  readonly #parts: UnreadableMailParts;

  constructor(parts: UnreadableMailParts) {
    this.#parts = parts;
  }

  /** Tells the place and the damage of each message that is still in the queue. */
  async examine(messages: readonly NamedMessage[]): Promise<ExaminedMessage[]> {
    const examined = await Promise.all(messages.map((each) => this.#examineOne(each)));
    return examined.filter((each) => each !== undefined);
  }

  async #examineOne({ queueId, message: number }: NamedMessage): Promise<ExaminedMessage | undefined> {
    const { store, reader, scheduler, holdDamaged } = this.#parts;
    const message = number as MessageHandle;
    const ref = store.locate(queueId);
    if (ref === undefined || !scheduler.isQueued(message, queueId)) return undefined;
    let damage: string | undefined;
    // Pinned, because a message that is moved while it is read would look as if it were gone.
    store.pin(queueId);
    try {
      await reader.readEnvelope(ref);
    } catch (error) {
      // Other errors, such as too many open files, may be over the next time.
      if (isDamage(error)) damage = error.message;
    } finally {
      store.unpin(queueId);
    }
    if (!scheduler.isQueued(message, queueId)) return undefined;
    if (damage !== undefined && !store.isDamaged(queueId)) holdDamaged(queueId, message, damage);
    return { queueId, ref: store.locate(queueId) ?? ref, damage };
  }
}
