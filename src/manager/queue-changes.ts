// What operators do to messages of the queue: hold, release, retry, remove, bounce (`ways/reroutes.ts` reroutes). Every change of several messages is one
// event for the scheduler; `jobs/` decides which messages, and when they are on stable storage.

import type { QueueAction } from '../control/operations/queue-change.ts';
import type { Events } from '../log/events.ts';
import { isPassedByRelease } from '../route/local-ways.ts';
import { routeNameIn } from '../route/plan-key.ts';
import type { Outcome, SpoolStore } from '../spool/types.ts';
import type { GivingUp } from './giving-up.ts';
import type { ChosenMessage, ReleasedHolds } from './jobs/message-choice.ts';
import type { Manager } from './manager.ts';
import { inDoubtText, type MoveHolds } from './moves/move-holds.ts';
import type { Senders } from './senders.ts';

export interface QueueChangesParts {
  readonly manager: Pick<Manager, 'change' | 'letPassHolds' | 'passesHolds' | 'scheduler'>;
  readonly givingUp: Pick<GivingUp, 'giveUp' | 'isGivingUp'>;
  readonly holds: Pick<MoveHolds, 'has' | 'hold' | 'isHeld' | 'release'>;
  readonly senders: Pick<Senders, 'heard'>;
  readonly happenings: Events;
  readonly store: Pick<SpoolStore, 'locate'>;
  /** The name of the queue whose store has this number; undefined: the default one. */
  readonly queueName: (store: number) => string | undefined;
}

/** How many were changed. */
export interface Changed {
  readonly recipients: number;
  readonly messages: number;
  /** Recipients of messages that are held or released now, changed or not. */
  readonly inForce: number;
  /** Recipients that cannot be changed now, and why; empty: there is none. */
  readonly refused: number;
  readonly reason: string;
}

export class QueueChanges {
  readonly #parts: QueueChangesParts;

  constructor(parts: QueueChangesParts) {
    this.#parts = parts;
  }

  /** True while a report about the message is being stored: then nothing changes it. */
  isGivingUp(queueId: string): boolean {
    return this.#parts.givingUp.isGivingUp(queueId);
  }

  /**
   * Changes messages until there is no next one. A `remove` needs their addresses, for the log.
   * @param released - whose holds a release ends; whoever ends those of routes looks the routes up anew
   */
  apply(
    action: Exclude<QueueAction, 'bounce' | 'move' | 'reroute'>,
    next: () => ChosenMessage | undefined,
    released: ReleasedHolds = 'placed',
  ): Changed {
    const { manager } = this.#parts;
    const changed = { recipients: 0, messages: 0, inForce: 0, refused: 0, reason: '' };
    const outcomes: Outcome[] = [];
    manager.change(outcomes, (nowMs) => {
      for (let each = next(); each !== undefined; each = next()) {
        const { message, queueId, recipients } = each;
        if (!manager.scheduler.isQueued(message, queueId) || this.isGivingUp(queueId)) continue;
        if (action === 'remove' && this.#parts.holds.has(queueId)) {
          changed.refused += recipients.length;
          changed.reason = inDoubtText(queueId);
          continue;
        }
        const count =
          action === 'release'
            ? this.#release(each, outcomes, nowMs, released)
            : this.#change(action, each, outcomes, nowMs);
        changed.recipients += count;
        if (count > 0) changed.messages++;
        if (action === 'hold' || action === 'release') changed.inForce += recipients.length;
      }
    });
    return changed;
  }

  /**
   * Resolves when no sender of before may have delivered what is given up or moved: else the report would be wrong, and what has moved would be
   * delivered again.
   */
  sendersHeard(): Promise<void> {
    return this.#parts.senders.heard();
  }

  /** Gives recipients up; resolves to their number. Rejects with the reason when their report cannot be stored. */
  async bounce({ message, queueId, recipients }: ChosenMessage): Promise<number> {
    const { manager, givingUp, holds } = this.#parts;
    if (!manager.scheduler.isQueued(message, queueId)) return 0;
    if (holds.has(queueId)) throw new Error(inDoubtText(queueId));
    return givingUp.giveUp(
      queueId,
      message,
      recipients.map(({ recipient }) => recipient),
    );
  }

  /** Returns how many recipients it changed. */
  #change(
    action: Exclude<QueueAction, 'bounce' | 'move' | 'release' | 'reroute'>,
    chosen: ChosenMessage,
    outcomes: Outcome[],
    nowMs: number,
  ): number {
    const { scheduler } = this.#parts.manager;
    const { message, queueId, recipients } = chosen;
    switch (action) {
      case 'retry':
        return Math.min(recipients.length, scheduler.retryNow(message, nowMs));
      case 'hold':
        if (!this.#parts.holds.hold(message, queueId)) return 0;
        outcomes.push({ kind: 'held', queueId });
        return recipients.length;
      case 'remove':
        return this.#remove(chosen, outcomes);
      default:
        return action satisfies never;
    }
  }

  #release(chosen: ChosenMessage, outcomes: Outcome[], nowMs: number, released: ReleasedHolds): number {
    const { happenings, holds, manager } = this.#parts;
    const { message, queueId, recipients, sender, addresses, quarantine } = chosen;
    const isHeld = holds.has(queueId) ? holds.isHeld(queueId) : recipients.some((each) => each.isHeld);
    if (released === 'of-routes' && isHeld) return 0;
    const isReleased = holds.release(message, queueId, nowMs);
    const held = released === 'placed' ? [] : recipients.filter(({ route }) => isPassedByRelease(route));
    const route = held[0] && routeNameIn(held[0].route);
    if (!isReleased && route === undefined) return 0;
    const queue = this.#queueOf(queueId);
    happenings.happened('released', { id: queueId, from: sender, to: addresses, queue, quarantine, route });
    if (isReleased) outcomes.push({ kind: 'released', queueId });
    if (route !== undefined && !manager.passesHolds(message)) {
      manager.letPassHolds(message);
      outcomes.push({ kind: 'passes-holds', queueId });
    }
    return isReleased ? recipients.length : held.length;
  }

  #remove(chosen: ChosenMessage, outcomes: Outcome[]): number {
    const { message, queueId, recipients, sender, addresses, quarantine } = chosen;
    const { happenings, manager } = this.#parts;
    const indexes = recipients.map(({ recipient }) => recipient);
    const queue = this.#queueOf(queueId);
    const removed = manager.scheduler.remove(message, indexes);
    for (const recipient of removed) {
      happenings.happened('removed', {
        id: queueId,
        from: sender ?? '?',
        to: addresses?.[indexes.indexOf(recipient)] ?? '?',
        queue,
        ...(quarantine !== undefined && { quarantine }),
      });
      outcomes.push({ kind: 'removed', queueId, recipient });
    }
    return removed.length;
  }

  /** Undefined: the default one. */
  #queueOf(queueId: string): string | undefined {
    return this.#parts.queueName(this.#parts.store.locate(queueId)?.store ?? 0);
  }
}
