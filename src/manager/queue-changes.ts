// Operators' changes to the queue: hold, release, retry, remove, bounce. Promises: a change that is confirmed is on stable
// storage, or the answer says that it is not.

import type { ChangeResult, ChosenRecipient, QueueAction } from '../control/operations/queue-change.ts';
import type { Logger } from '../log/logger.ts';
import type { MessageHandle } from '../schedule/types.ts';
import type { Outcome, SpoolStore } from '../spool/types.ts';
import type { Stats } from '../stats/stats.ts';
import type { GivingUp } from './giving-up.ts';
import type { Manager } from './manager.ts';
import type { Senders } from './senders.ts';

/** Most reports that are stored at the same time for an operator. */
const reportsAtOnce = 16;

export interface QueueChangesParts {
  readonly manager: Pick<Manager, 'change' | 'scheduler'>;
  readonly store: Pick<SpoolStore, 'flush'>;
  readonly givingUp: Pick<GivingUp, 'giveUp' | 'isGivingUp'>;
  readonly senders: Pick<Senders, 'heard'>;
  readonly stats: Stats;
  readonly log: Logger;
}

export class QueueChanges {
  readonly #parts: QueueChangesParts;

  constructor(parts: QueueChangesParts) {
    this.#parts = parts;
  }

  async change(action: QueueAction, recipients: readonly ChosenRecipient[]): Promise<ChangeResult> {
    const messages = [...Map.groupBy(recipients, (each) => each.queueId).values()];
    const result = { changed: 0, unstored: 0, refused: 0, reason: '' };
    if (action === 'bounce') await this.#bounce(messages, result);
    // Messages that were held or released before count, too: their outcomes may not be on the disk yet.
    let inForce = 0;
    if (action !== 'bounce') {
      for (const chosen of messages) {
        const count = this.#changeMessage(action, chosen);
        if (count === undefined) continue;
        result.changed += count;
        if (action === 'hold' || action === 'release') inForce += chosen.length;
      }
    }
    if (action === 'retry' || result.changed + inForce === 0) return result;
    try {
      await this.#parts.store.flush();
    } catch (error) {
      result.unstored = Math.max(result.changed, inForce);
      result.reason = error instanceof Error ? error.message : String(error);
    }
    return result;
  }

  /** Several reports at a time: each may hold a message of `max_original_size` in memory. */
  async #bounce(
    messages: readonly (readonly ChosenRecipient[])[],
    result: { changed: number; refused: number; reason: string },
  ): Promise<void> {
    const { scheduler } = this.#parts.manager;
    // A sender of before may have delivered these: then they are in the queue no more, and no report says that they failed.
    await this.#parts.senders.heard();
    const waiting = messages.values();
    const work = async (): Promise<void> => {
      for (const chosen of waiting) {
        const [{ queueId, message: handle }] = chosen as readonly [ChosenRecipient];
        const message = handle as MessageHandle;
        if (!scheduler.isQueued(message, queueId)) continue;
        const indexes = chosen.map((each) => each.recipient);
        try {
          const count = await this.#parts.givingUp.giveUp(queueId, message, indexes);
          result.changed += count;
        } catch (error) {
          result.refused += chosen.length;
          result.reason = error instanceof Error ? error.message : String(error);
        }
      }
    };
    await Promise.all(Array.from({ length: reportsAtOnce }, work));
  }

  /** Returns how many recipients it changed; undefined when the message is not there or is being given up. */
  #changeMessage(
    action: Exclude<QueueAction, 'bounce'>,
    chosen: readonly ChosenRecipient[],
  ): number | undefined {
    const { scheduler } = this.#parts.manager;
    const [{ queueId, message: handle }] = chosen as readonly [ChosenRecipient];
    const message = handle as MessageHandle;
    if (!scheduler.isQueued(message, queueId) || this.#parts.givingUp.isGivingUp(queueId)) return undefined;
    let count = chosen.length;
    const outcomes: Outcome[] = [];
    this.#parts.manager.change(outcomes, (nowMs) => {
      switch (action) {
        case 'retry':
          count = Math.min(count, scheduler.retryNow(message, nowMs));
          break;
        case 'hold':
          if (scheduler.hold(message)) outcomes.push({ kind: 'held', queueId });
          else count = 0;
          break;
        case 'release':
          if (scheduler.release(message, nowMs)) outcomes.push({ kind: 'released', queueId });
          else count = 0;
          break;
        case 'remove':
          outcomes.push(...this.#remove(message, chosen));
          count = outcomes.length;
          break;
      }
    });
    return count;
  }

  #remove(message: MessageHandle, chosen: readonly ChosenRecipient[]): Outcome[] {
    const { scheduler } = this.#parts.manager;
    const removed = new Set(
      scheduler.remove(
        message,
        chosen.map((each) => each.recipient),
      ),
    );
    return chosen
      .filter((each) => removed.has(each.recipient))
      .map(({ queueId, recipient, sender, address }) => {
        this.#parts.stats.count('removed');
        this.#parts.log.event('removed', { id: queueId, from: sender, to: address });
        return { kind: 'removed', queueId, recipient };
      });
  }
}
