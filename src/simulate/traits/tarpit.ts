// Tarpits: a greeting or a reply that comes late, sometimes later than any client waits.

import { Trait } from '../trait.ts';

export class Tarpit extends Trait {
  readonly #greetingMs: number;
  readonly #replyMs: number;

  constructor(greetingMs: number, replyMs: number) {
    super();
    this.#greetingMs = greetingMs;
    this.#replyMs = replyMs;
  }

  override greetingDelayMs(): number {
    return this.#greetingMs;
  }

  override replyDelayMs(): number {
    return this.#replyMs;
  }
}
