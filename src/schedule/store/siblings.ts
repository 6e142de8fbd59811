// Which message a task is of, and which other tasks the message has. Nearly every message has one task only, and links
// for it would cost 8 bytes a task. So only tasks that were made beside another have a row of links here, of 16 bytes.

import { Int32Column } from './columns.ts';
import { RowChain } from './row-chain.ts';
import { Slots } from './slots.ts';

/** The tasks of each message in a list, the newest first. */
export class Siblings {
  readonly #firstTask: Int32Column;
  /** The message of a task without links; of one with links, -1 minus their row. Grows with the rows of the tasks. */
  readonly owner = new Int32Column();
  readonly #message = new Int32Column();
  readonly #task = new Int32Column();
  readonly #links = new RowChain();
  readonly #slots = new Slots(this.#links.next, [this.#links.previous, this.#message, this.#task]);

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
    return owner >= 0 ? -1 : this.#taskOf(this.#links.next.get(-1 - owner));
  }

  /** A new task of a message. */
  add(message: number, task: number): void {
    const first = this.#firstTask.get(message);
    this.#firstTask.set(message, task);
    this.owner.set(task, message);
    if (first >= 0) this.#links.prepend(this.#linksOf(first), this.#linksOf(task));
  }

  /** The task is gone. */
  remove(task: number): void {
    const owner = this.owner.get(task);
    if (owner >= 0) {
      this.#firstTask.set(owner, -1);
      return;
    }
    const links = -1 - owner;
    const message = this.#message.get(links);
    const first = this.#links.remove(this.#linksOf(this.#firstTask.get(message)), links);
    this.#firstTask.set(message, this.#taskOf(first));
    this.#slots.give(links);
  }

  /** The row of a task's links. One that has none is alone in the list of its message; its row stays when others go. */
  #linksOf(task: number): number {
    const owner = this.owner.get(task);
    if (owner < 0) return -1 - owner;
    const links = this.#slots.take();
    this.#message.set(links, owner);
    this.#task.set(links, task);
    this.#links.append(-1, links);
    this.owner.set(task, -1 - links);
    return links;
  }

  #taskOf(links: number): number {
    return links < 0 ? -1 : this.#task.get(links);
  }
}
