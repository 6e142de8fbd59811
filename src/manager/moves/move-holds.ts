// Messages that are held while they are moved, or while it is not known in which store they count. This hold is not journaled: a crash ends it. Whoever
// holds or releases such a message meanwhile changes what it is afterwards; until then, it stays held.

import type { MessageHandle, Scheduler } from '../../schedule/types.ts';
import type { SpoolStore } from '../../spool/types.ts';

export interface MoveHoldsParts {
  readonly scheduler: Pick<Scheduler, 'hold' | 'isQueued' | 'release'>;
  readonly store: Pick<SpoolStore, 'isDamaged'>;
}

export class MoveHolds {
  readonly #parts: MoveHoldsParts;
  /** By queue id: is it held for another reason, too? */
  readonly #messages = new Map<string, boolean>();

  constructor(parts: MoveHoldsParts) {
    this.#parts = parts;
  }

  has(queueId: string): boolean {
    return this.#messages.has(queueId);
  }

  begin(message: MessageHandle, queueId: string): void {
    this.#messages.set(queueId, !this.#parts.scheduler.hold(message));
  }

  /** Is one of those that have begun held for another reason, too? */
  isHeld(queueId: string): boolean {
    return this.#messages.get(queueId) === true;
  }

  /** As `Scheduler.hold`, of any message. */
  hold(message: MessageHandle, queueId: string): boolean {
    const isHeld = this.#messages.get(queueId);
    if (isHeld === undefined) return this.#parts.scheduler.hold(message);
    this.#messages.set(queueId, true);
    return !isHeld;
  }

  /** As `Scheduler.release`, of any message. */
  release(message: MessageHandle, queueId: string, nowMs: number): boolean {
    const isHeld = this.#messages.get(queueId);
    if (isHeld === undefined) return this.#parts.scheduler.release(message, nowMs);
    this.#messages.set(queueId, false);
    return isHeld;
  }

  /** The message goes on, unless somebody else holds it, or it was found damaged. */
  end(message: MessageHandle | undefined, queueId: string, nowMs: number): void {
    const { scheduler, store } = this.#parts;
    const isHeld = this.isHeld(queueId);
    if (!this.#messages.delete(queueId) || isHeld || message === undefined) return;
    if (scheduler.isQueued(message, queueId) && !store.isDamaged(queueId)) scheduler.release(message, nowMs);
  }
}

/** Why such a message can be neither moved nor ended. */
export function inDoubtText(queueId: string): string {
  return `${queueId} is being moved to another queue, or it is not known yet whether it has: a store is not there`;
}
