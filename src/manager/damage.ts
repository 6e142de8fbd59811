// Handles messages that cannot be read any more: another attempt would fail in the same way, so they are held for an operator,
// and given up when their lifetime is over.

import { damageRefusal } from '../message/refusal.ts';
import type { MessageHandle, Scheduler } from '../schedule/types.ts';
import type { DamagedMail } from './damaged-mail.ts';
import type { Settlement } from './settlement.ts';

export interface DamageParts {
  readonly scheduler: Pick<Scheduler, 'find' | 'hold' | 'isQueued' | 'queueIdOf' | 'remove'>;
  /** The damaged messages that are held. */
  readonly damaged: DamagedMail;
  readonly settlement: Settlement;
}

export class Damage {
  readonly #parts: DamageParts;

  constructor(parts: DamageParts) {
    this.#parts = parts;
  }

  /** Holds a message that could not be read, and journals why. */
  hold(queueId: string, message: MessageHandle, why: string): void {
    const { scheduler, damaged, settlement } = this.#parts;
    if (!scheduler.isQueued(message, queueId)) return;
    scheduler.hold(message);
    settlement.add([{ kind: 'damaged', queueId, why }]);
    damaged.add(queueId, message);
  }

  /** Holds messages that the store has found damaged, and has journaled as held. */
  found(queueIds: readonly string[]): void {
    const { scheduler, damaged } = this.#parts;
    for (const queueId of queueIds) {
      const message = scheduler.find(queueId);
      if (message === undefined) continue;
      scheduler.hold(message);
      damaged.add(queueId, message);
    }
  }

  /** Gives up damaged messages whose lifetime is over. @param nowMs - scheduler time */
  expire(nowMs: number): void {
    const { scheduler, damaged, settlement } = this.#parts;
    for (const message of damaged.takeExpired(nowMs)) {
      const queueId = scheduler.queueIdOf(message);
      const refusal = damageRefusal('nobody could repair it in its lifetime');
      for (const recipient of scheduler.remove(message)) settlement.failed(queueId, recipient, refusal, true);
    }
  }
}
