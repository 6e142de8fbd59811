// Tasks: the recipients of one message that go to one next hop in one transaction. 31 bytes each.

import { Int32Column, TimeColumn, Uint8Column } from './columns.ts';
import { DueHeap } from './due-heap.ts';
import { RowChain } from './row-chain.ts';
import { Siblings } from './siblings.ts';
import { Slots } from './slots.ts';

export const TaskState = {
  free: 0,
  /** Waits for its next attempt; `dueMs` is that time. */
  waiting: 1,
  /** In its route's queue; `dueMs` is the message's expiry. */
  ready: 2,
  /** On the way on a connection; `dueMs` is the time of the grant. */
  active: 3,
  /** Held by an operator; `dueMs` is the next attempt. */
  held: 4,
  /** In the queue of a route whose plan is requested; then it may be joined with other recipients of its message. */
  asking: 5,
  /** Its plan is known, and it waits a moment for the plans of the message's other recipients. In no queue. */
  gathering: 6,
} as const;

export class TaskStore {
  /** The queues of the routes: lists of the tasks in the states ready and asking. And of each connection, those on the way. */
  readonly queue = new RowChain();
  /** The tasks of each message. */
  readonly siblings: Siblings;
  /** First recipient; its route is the route of the task. */
  readonly firstRecipient = new Int32Column();
  readonly dueMs = new TimeColumn();
  readonly state = new Uint8Column();
  /** Tasks by the time at which they are to be looked at: next attempts, ends of lifetimes, ends of gathering. */
  readonly due = new DueHeap(this.dueMs);
  readonly #slots: Slots;

  /** @param firstTask - the messages' column: the first of their tasks; -1: none */
  constructor(firstTask: Int32Column) {
    this.siblings = new Siblings(firstTask);
    this.#slots = new Slots(this.queue.next, [
      this.queue.previous,
      this.siblings.owner,
      this.firstRecipient,
      this.dueMs,
      this.state,
      this.due,
    ]);
  }

  get live(): number {
    return this.#slots.live;
  }

  get end(): number {
    return this.#slots.end;
  }

  messageOf(task: number): number {
    return this.siblings.messageOf(task);
  }

  take(): number {
    return this.#slots.take();
  }

  give(task: number): void {
    this.state.set(task, TaskState.free);
    this.#slots.give(task);
  }
}
