// How much mail waits in each queue that has a quota of its own, and which are full: receivers are told, and refuse recipients of those. Promises:
// receivers that link later are told as well; what was on its way to a queue when it became full is taken, and nothing is removed.

import type { FullQueuesTold } from '../channel/room-messages.ts';
import type { Config } from '../config/config.ts';
import type { ShownQueueRoom } from '../control/operations/status.ts';
import type { RoomLimit } from '../policy/room/types.ts';
import { fullOf, isLimit } from '../policy/room/room-gate.ts';
import type { MessageHandle } from '../schedule/types.ts';
import { queueRooms } from '../settings/queue-rooms.ts';
import type { Troubles } from '../stats/troubles.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { formatSize } from '../values/size.ts';
import { WaitingCounts } from './waiting-counts.ts';

/** The trouble lasts until the queue is below this part of its quota: one that drains and fills again is one trouble. */
const fullUntil = 0.9;

type RoomsConfig = Pick<Config, 'queue' | 'queues'>;

export interface ToldReceiver {
  post(message: FullQueuesTold): void;
  onClosed(callback: () => void): void;
}

export interface QueueRoomsParts {
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  /** Names of the queues beside the default one, in the order of their stores; the list may grow. */
  readonly names: () => readonly string[];
}

export class QueueRooms {
  readonly #parts: QueueRoomsParts;
  readonly #counts = new WaitingCounts();
  readonly #receivers = new Set<ToldReceiver>();
  #limits: ReadonlyMap<string, RoomLimit>;
  readonly #full = new Set<string>();
  readonly #troubled = new Set<string>();

  constructor(config: RoomsConfig, parts: QueueRoomsParts) {
    this.#parts = parts;
    this.#limits = queueRooms(config);
  }

  /** Puts other quotas in force. */
  configure(config: RoomsConfig): void {
    this.#limits = queueRooms(config);
    // Raised again, with other numbers, where it is still full.
    for (const queue of this.#troubled) this.#clear(queue);
    for (const queue of new Set([...this.#limits.keys(), ...this.#full])) this.#look(queue);
  }

  addReceiver(receiver: ToldReceiver): void {
    this.#receivers.add(receiver);
    receiver.onClosed(() => this.#receivers.delete(receiver));
    if (this.#full.size > 0) receiver.post(this.#told);
  }

  /** @param store - the number of the store */
  admitted(message: MessageHandle, store: number, sizeBytes: number): void {
    // Also where no queue has a quota: a reload may give one, for what waits already.
    const queue = store === 0 ? defaultQueue : this.#parts.names()[store - 1];
    if (queue === undefined) return;
    this.#counts.admitted(message, queue, sizeBytes);
    if (this.#limits.has(queue)) this.#look(queue);
  }

  /** No recipient of the message is left. */
  done(message: MessageHandle): void {
    if (!this.#counts.done(message) || this.#troubled.size === 0) return;
    for (const queue of this.#troubled) this.#look(queue);
  }

  /** For `sluice status`: queues with a quota. */
  get shown(): readonly ShownQueueRoom[] {
    return [...this.#limits].map(([queue, { messages: maxMessages, bytes: maxBytes }]) => {
      const { messages, bytes } = this.#counts.of(queue);
      return { queue, messages, bytes, maxMessages, maxBytes };
    });
  }

  get #told(): FullQueuesTold {
    return { kind: 'fullQueues', queues: [...this.#full] };
  }

  #look(queue: string): void {
    const limit = this.#limits.get(queue) ?? {};
    const taken = this.#counts.of(queue);
    const full = isLimit(limit) ? fullOf(limit, taken, 1) : undefined;
    if (full !== undefined) this.#raise(queue, full);
    else if (isBelow(limit, taken)) this.#clear(queue);
    if (this.#full.has(queue) === (full !== undefined)) return;
    if (full === undefined) this.#full.delete(queue);
    else this.#full.add(queue);
    for (const receiver of this.#receivers) receiver.post(this.#told);
  }

  #raise(queue: string, { quantity, limit }: NonNullable<ReturnType<typeof fullOf>>): void {
    if (this.#troubled.has(queue)) return;
    this.#troubled.add(queue);
    const most = quantity === 'messages' ? `${limit} messages` : formatSize(limit);
    this.#parts.troubles.raise(
      `backlog:${queue}`,
      'warning',
      `The queue ${queue} is full: ${most} may wait in it. Further recipients whose mail is for it are answered 452.`,
      `See what waits ("sluice queue list --queue ${queue}") and why ("sluice explain DOMAIN"), or raise max_messages or max_size of the queue.`,
    );
  }

  #clear(queue: string): void {
    if (this.#troubled.delete(queue)) this.#parts.troubles.clear(`backlog:${queue}`);
  }
}

/** Is so much of the quota free that the trouble is over? */
function isBelow(limit: RoomLimit, taken: { readonly messages: number; readonly bytes: number }): boolean {
  const { messages = Infinity, bytes = Infinity } = limit;
  return taken.messages < messages * fullUntil && taken.bytes < bytes * fullUntil;
}
