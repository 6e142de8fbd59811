// What `sluice status` and `sluice top` tell of each queue. Promise: a disk that hangs keeps no answer waiting.

import type { QueueStatus } from '../control/operations/queue-status.ts';
import type { MessageHandle, QueuedRecipient, Scheduler } from '../schedule/types.ts';
import type { SpoolStore } from '../spool/types.ts';
import { defaultQueue } from '../values/queue-name.ts';
import type { QueueTallies } from './queue-tallies.ts';

export interface QueueStatusParts {
  readonly scheduler: Pick<Scheduler, 'stores'>;
  readonly store: Pick<SpoolStore, 'states'>;
  readonly tallies: Pick<QueueTallies, 'nameOf' | 'of'>;
  /** Date of acceptance, Unix ms. */
  readonly receivedAtMs: (message: MessageHandle) => number;
}

/** The oldest message of each queue, found on a walk through all recipients. */
export class OldestTally {
  readonly #receivedAtMs: QueueStatusParts['receivedAtMs'];
  /** By the number of the store. */
  readonly #oldest: number[] = [];

  constructor({ receivedAtMs }: Pick<QueueStatusParts, 'receivedAtMs'>) {
    this.#receivedAtMs = receivedAtMs;
  }

  add({ message, store = 0 }: QueuedRecipient): void {
    this.#oldest[store] = Math.min(this.#oldest[store] ?? Infinity, this.#receivedAtMs(message));
  }

  of(store: number): number | undefined {
    return this.#oldest[store];
  }
}

/** By the number of the store; undefined where there is one alone. @param oldest - where the queue was walked */
export function queueStatus(parts: QueueStatusParts, oldest?: OldestTally): QueueStatus[] | undefined {
  const { scheduler, store, tallies } = parts;
  const states = store.states?.();
  if (states === undefined) return undefined;
  const counts = scheduler.stores();
  return states.map(({ usage, state, why, freeBytes }, number): QueueStatus => {
    const oldestMs = oldest?.of(number);
    const { waiting, ready, active } = counts[number] ?? { waiting: 0, ready: 0, active: 0 };
    const counters = { ...tallies.of(number) };
    const { liveMessages: messages, bytes } = usage;
    const told = { queue: tallies.nameOf(number) ?? defaultQueue, state, messages, waiting, ready, active };
    return Object.assign(told, {
      bytes,
      counters,
      ...(why !== undefined && { why }),
      ...(oldestMs !== undefined && { oldestMs }),
      ...(freeBytes !== undefined && { freeBytes }),
    });
  });
}
