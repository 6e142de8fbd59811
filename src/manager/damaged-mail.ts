// Messages whose stored form is damaged. They are held for the operator, and counted among what is wrong; at the end of
// their lifetime they are given up like any mail that could not be delivered, so that their senders hear of them.

import type { AttemptResult } from '../deliver/types.ts';
import { damageOf } from '../message/refusal.ts';
import type { MessageHandle, Scheduler } from '../schedule/types.ts';
import type { SpoolStore } from '../spool/types.ts';
import type { Troubles } from '../stats/troubles.ts';

export interface DamagedMailParts {
  readonly store: Pick<SpoolStore, 'isDamaged'>;
  readonly scheduler: Pick<Scheduler, 'isQueued' | 'expiresAtMs'>;
  readonly troubles?: Troubles | undefined;
}

export class DamagedMail {
  readonly #parts: DamagedMailParts;
  readonly #messages = new Map<string, MessageHandle>();

  constructor(parts: DamagedMailParts) {
    this.#parts = parts;
  }

  add(queueId: string, message: MessageHandle): void {
    this.#messages.set(queueId, message);
    this.#tell();
  }

  /** Those whose lifetime has ended, which are no longer watched; and forgets those that are done or were released. */
  expired(nowMs: number): MessageHandle[] {
    const { scheduler, store } = this.#parts;
    const over: MessageHandle[] = [];
    for (const [queueId, message] of this.#messages) {
      const isThere = scheduler.isQueued(message, queueId) && store.isDamaged(queueId);
      if (isThere && scheduler.expiresAtMs(message) > nowMs) continue;
      if (isThere) over.push(message);
      this.#messages.delete(queueId);
    }
    this.#tell();
    return over;
  }

  #tell(): void {
    const count = this.#messages.size;
    if (count === 0) {
      this.#parts.troubles?.clear('damage:mail');
      return;
    }
    const what = count === 1 ? '1 message is damaged' : `${count} messages are damaged`;
    this.#parts.troubles?.raise(
      'damage:mail',
      'critical',
      `${what} on the disk and cannot be delivered.`,
      'See "sluice queue list --state damaged" and "sluice spool check". Look after the disk first; bring the files back from a copy and release the messages, or give them up with "sluice queue bounce --state damaged".',
    );
  }
}

/** What is damaged about a message, if that is why an attempt for it failed. */
export function damageIn(results: readonly AttemptResult[]): string | undefined {
  for (const each of results) {
    const damage = each.result === 'refused' ? damageOf(each.refusal) : undefined;
    if (damage !== undefined) return damage;
  }
  return undefined;
}
