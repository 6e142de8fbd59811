// Messages that were in hand at several crashes: they are held, because the next attempt may bring the process down again, and a trouble tells
// of them until an operator has released or removed them. The hold is in the journal like any other; which crashes were the reason, the
// supervisor knows from its records, and tells each manager that starts.

import type { SetAsideMessage } from '../channel/messages.ts';
import type { Logger } from '../log/logger.ts';
import type { Outcome } from '../spool/types.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { GivingUp } from './giving-up.ts';
import type { Manager } from './manager.ts';
import type { MoveHolds } from './moves/move-holds.ts';

export interface SetAsideParts {
  readonly manager: Pick<Manager, 'change' | 'scheduler'>;
  /** While a report about a message is being stored, nothing changes it. */
  readonly givingUp: Pick<GivingUp, 'isGivingUp'>;
  readonly holds: Pick<MoveHolds, 'hold'>;
  readonly log: Pick<Logger, 'error'>;
  readonly troubles?: Troubles | undefined;
}

export class SetAside {
  readonly #parts: SetAsideParts;
  readonly #reasons = new Map<string, string>();

  constructor(parts: SetAsideParts) {
    this.#parts = parts;
  }

  /** Why a message that is held was set aside; undefined: it was not. */
  reasonOf(queueId: string): string | undefined {
    return this.#reasons.get(queueId);
  }

  /** Holds messages, each with its reason. Those that are not in the queue any more are left out. */
  hold(messages: readonly SetAsideMessage[]): void {
    const { manager, givingUp, holds, log } = this.#parts;
    const outcomes: Outcome[] = [];
    manager.change(outcomes, () => {
      for (const { queueId, reason } of messages) {
        const message = manager.scheduler.find(queueId);
        if (message === undefined || givingUp.isGivingUp(queueId)) continue;
        if (holds.hold(message, queueId)) outcomes.push({ kind: 'held', queueId });
        this.#reasons.set(queueId, reason);
        log.error(`the message ${queueId} is set aside: ${reason}`);
      }
    });
    this.#tell();
  }

  /** Learns why messages are held that were set aside before this manager started. */
  known(messages: readonly SetAsideMessage[]): void {
    for (const { queueId, reason } of messages) this.#reasons.set(queueId, reason);
    this.look();
  }

  /** Forgets messages that are released or gone; to be called every few seconds. */
  look(): void {
    if (this.#reasons.size === 0) return;
    const { scheduler } = this.#parts.manager;
    for (const queueId of this.#reasons.keys()) {
      const message = scheduler.find(queueId);
      const isHeld = message !== undefined && scheduler.recipientsOf(message).some((each) => each.isHeld);
      if (!isHeld) this.#reasons.delete(queueId);
    }
    this.#tell();
  }

  #tell(): void {
    const count = this.#reasons.size;
    if (count === 0) {
      this.#parts.troubles?.clear('crash:mail');
      return;
    }
    const [first = ''] = this.#reasons.keys();
    const what = count === 1 ? `The message ${first} was` : `${count} messages were`;
    this.#parts.troubles?.raise(
      'crash:mail',
      'warning',
      `${what} in hand when processes crashed, again and again, and ${count === 1 ? 'is' : 'are'} held, so that other mail goes on.`,
      `"sluice doctor --crash" shows the crashes. "sluice queue show ${first} --content" shows the message; "sluice queue release ${first}" tries it again, "sluice queue bounce ${first}" gives it up. Report the crash with its message.`,
    );
  }
}
