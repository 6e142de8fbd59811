// A destination that counts messages: those above its rate are tempfailed until the window ends. Each source is counted by
// itself.

import { Trait, type Rejection, type Visit } from '../trait.ts';

export interface RateLimitOptions {
  readonly messages: number;
  readonly perMs: number;
  readonly reply: string;
}

interface Window {
  endsMs: number;
  messages: number;
}

export class RateLimit extends Trait {
  readonly #options: RateLimitOptions;
  readonly #windows = new Map<string, Window>();

  constructor(options: RateLimitOptions) {
    super();
    this.#options = options;
  }

  override transact({ source }: Visit, nowMs: number): Rejection | undefined {
    const { messages, perMs, reply } = this.#options;
    let window = this.#windows.get(source);
    if (window === undefined) this.#windows.set(source, (window = { endsMs: 0, messages: 0 }));
    if (nowMs >= window.endsMs) {
      window.endsMs = nowMs + perMs;
      window.messages = 0;
    }
    if (window.messages < messages) {
      window.messages++;
      return undefined;
    }
    return { reply, hangsUp: false };
  }
}
