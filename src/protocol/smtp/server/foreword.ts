// What a caller puts in front of replies and of the greeting, what a client says before that, and who hears what both say.

import type { InputQueue } from './input-queue.ts';
import type { ConversationListener, ReplyQueue } from './reply-queue.ts';

export class Foreword {
  readonly #input: InputQueue;
  readonly #output: ReplyQueue;

  constructor(input: InputQueue, output: ReplyQueue) {
    this.#input = input;
    this.#output = output;
  }

  get isGreeted(): boolean {
    return this.#output.isGreeted;
  }

  /** Before the greeting: has the client sent something? */
  get hasSpoken(): boolean {
    return this.#input.hasReceived;
  }

  /** From now on, this one hears what both sides say. */
  overhear(listener: ConversationListener): void {
    this.#output.listener = listener;
  }

  /** A further line of the next reply, before its others and with its code. */
  addReplyLine(text: string): void {
    this.#output.addLine(text);
  }

  /** Before the greeting: queues a first line of it, `220-HOST TEXT`. */
  greetFirst(text: string): void {
    this.#output.greetFirst(text);
  }
}
