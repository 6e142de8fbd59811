// Turns: whoever has something that several tenants' queues want (a counter its slots, a site its idle connections)
// gives it to them in turn: deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) where every grant costs 1 and the
// quantum is the weight of the queue. What stands in line inside a queue is the owner's affair.

import { Int32Column, Uint16Column } from './columns.ts';
import type { QueueNames } from './queue-names.ts';
import { Slots } from './slots.ts';

/** One line for each owner and queue that waits, in a ring per owner. */
export class Turns {
  readonly #queues: QueueNames;
  readonly #current: Int32Column;
  /** Number of the queue, with a mark where a queue has two lines. */
  readonly queue = new Uint16Column();
  /** First and last in the line: rows of whatever waits. */
  readonly first = new Int32Column();
  readonly last = new Int32Column();
  /** Grants that the line has left in this turn. */
  readonly #credit = new Int32Column();
  readonly #next = new Int32Column();
  readonly #previous = new Int32Column();
  readonly #slots = new Slots(this.#next, [this.queue, this.first, this.last, this.#credit, this.#previous]);

  /** @param current - the owners' column: the line whose turn it is; -1: nobody waits */
  constructor(queues: QueueNames, current: Int32Column) {
    this.#queues = queues;
    this.#current = current;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** The owner's line of a queue; -1: none. */
  find(owner: number, queue: number): number {
    const start = this.#current.get(owner);
    if (start < 0) return -1;
    let line = start;
    do {
      if (this.queue.get(line) === queue) return line;
      line = this.#next.get(line);
    } while (line !== start);
    return -1;
  }

  /** The owner's line of a queue, made as the last in turn and empty if there is none. */
  open(owner: number, queue: number): number {
    const known = this.find(owner, queue);
    if (known >= 0) return known;
    const line = this.#slots.take();
    this.queue.set(line, queue);
    this.first.set(line, -1);
    this.last.set(line, -1);
    this.#credit.set(line, this.#queues.weight(queue));
    const current = this.#current.get(owner);
    if (current < 0) {
      this.#next.set(line, line);
      this.#previous.set(line, line);
      this.#current.set(owner, line);
    } else {
      const last = this.#previous.get(current);
      this.#next.set(last, line);
      this.#previous.set(line, last);
      this.#next.set(line, current);
      this.#previous.set(current, line);
    }
    return line;
  }

  /** Forgets an empty line. */
  close(owner: number, line: number): void {
    const next = this.#next.get(line);
    const previous = this.#previous.get(line);
    this.#next.set(previous, next);
    this.#previous.set(next, previous);
    if (this.#current.get(owner) === line) this.#current.set(owner, next === line ? -1 : next);
    this.#slots.give(line);
  }

  /** The line whose turn it is was granted something. A line that is not there any more pays nothing. True: its turn is over. */
  took(owner: number, line: number): boolean {
    if (this.#current.get(owner) !== line) return true;
    if (this.#credit.add(line, -1) > 0) return false;
    this.#credit.set(line, this.#queues.weight(this.queue.get(line)));
    this.#current.set(owner, this.#next.get(line));
    return true;
  }
}
