// Messages that are damaged on the disk. They are held for an operator and counted in a trouble. At the end of their lifetime
// they are given up like any mail that could not be delivered, so that their senders get a report.

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

  /** Removes and returns messages whose lifetime has ended. Also forgets messages that are done or were released. */
  takeExpired(nowMs: number): MessageHandle[] {
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
      'See "sluice queue list --state damaged" and "sluice spool check". Check the disk first; bring the files back from a copy and release the messages, or give them up with "sluice queue bounce --state damaged".',
    );
  }
}

/** The damage of a message, if an attempt failed because of it. */
export function damageIn(results: readonly AttemptResult[]): string | undefined {
  for (const each of results) {
    const damage = each.result === 'refused' ? damageOf(each.refusal) : undefined;
    if (damage !== undefined) return damage;
  }
  return undefined;
}
