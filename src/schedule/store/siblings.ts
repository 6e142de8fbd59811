// Which message a task is of, and which other tasks the message has. Nearly every message has one task only, and links
// for it would cost 8 bytes a task: only tasks that were made beside another have a row of links here, 12 bytes each.

import { Int32Column } from './columns.ts';
import { Slots } from './slots.ts';

/** The tasks of each message in a list, the newest first. */
export class Siblings {
  readonly #firstTask: Int32Column;
  /** The message of a task without links; of one with links, -1 minus their row. Grows with the rows of the tasks. */
  readonly owner = new Int32Column();
  readonly #message = new Int32Column();
  /** Tasks; -1: none. */
  readonly #next = new Int32Column();
  readonly #previous = new Int32Column();
  readonly #slots = new Slots(this.#next, [this.#message, this.#previous]);

  /** @param firstTask - the messages' column: the newest task; -1: none */
  constructor(firstTask: Int32Column) {
    this.#firstTask = firstTask;
  }

  /** Rows of links in use. */
  get live(): number {
    return this.#slots.live;
  }

  messageOf(task: number): number {
    const owner = this.owner.get(task);
    return owner >= 0 ? owner : this.#message.get(-1 - owner);
  }

  /** The task of the same message that was made before this one; -1: none. */
  nextOf(task: number): number {
    const owner = this.owner.get(task);
    return owner >= 0 ? -1 : this.#next.get(-1 - owner);
  }

  /** A new task of a message. */
  add(message: number, task: number): void {
    const first = this.#firstTask.get(message);
    this.#firstTask.set(message, task);
    this.owner.set(task, message);
    if (first < 0) return;
    this.#next.set(this.#linksOf(task), first);
    this.#previous.set(this.#linksOf(first), task);
  }

  /** The task is gone. */
  remove(task: number): void {
    const owner = this.owner.get(task);
    if (owner >= 0) {
      this.#firstTask.set(owner, -1);
      return;
    }
    const links = -1 - owner;
    const next = this.#next.get(links);
    const previous = this.#previous.get(links);
    if (previous < 0) this.#firstTask.set(this.#message.get(links), next);
    else this.#next.set(this.#linksOf(previous), next);
    if (next >= 0) this.#previous.set(this.#linksOf(next), previous);
    this.#slots.give(links);
  }

  /** The row of a task's links, made if it has none. It stays when the other tasks go. */
  #linksOf(task: number): number {
    const owner = this.owner.get(task);
    if (owner < 0) return -1 - owner;
    const links = this.#slots.take();
    this.#message.set(links, owner);
    this.#next.set(links, -1);
    this.#previous.set(links, -1);
    this.owner.set(task, -1 - links);
    return links;
  }
}
