// How long things take on a simulated connection: round trips, the host's delays, and the timeouts that end both.

import type { Random } from '../schedule/store/random.ts';
import type { Link } from './link.ts';

export interface Timeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  /** For the whole of a transaction. */
  readonly replyMs: number;
}

export class LinkTimes {
  readonly #timeouts: Timeouts;
  readonly #random: Random;

  constructor(timeouts: Timeouts, random: Random) {
    this.#timeouts = timeouts;
    this.#random = random;
  }

  /** So many round trips, each half as long to one and a half times as long as on average. */
  tripsMs({ machine }: Link, trips: number): number {
    return 1 + Math.floor(machine.latencyMs * trips * (0.5 + this.#random.next()));
  }

  /**
   * Until the connection is ready or has failed. TCP, greeting and EHLO are a round trip each. A host that greets too late
   * is one that never does: then this sets the link's refusal.
   */
  connectMs(link: Link, nowMs: number): number {
    switch (link.refusal?.kind) {
      case 'silent':
        return this.#timeouts.connectMs;
      case 'refused':
        return this.tripsMs(link, 1);
      case 'greeting':
        return this.tripsMs(link, 2);
      case undefined: {
        const waitMs = link.machine.traits.length === 0 ? 0 : link.machine.greetingDelayMs(link, nowMs);
        if (waitMs < this.#timeouts.greetingMs) return this.tripsMs(link, 3) + waitMs;
        link.refusal = { kind: 'silent', reply: '' };
        return this.#timeouts.greetingMs;
      }
    }
  }

  /** MAIL, RCPT and DATA in one round trip (RFC 2920), the content and its answer in another. */
  transactionMs(link: Link, sizeBytes: number, nowMs: number): number {
    const plainMs = this.tripsMs(link, 2) + Math.floor(sizeBytes / link.machine.bytesPerMs);
    if (link.machine.traits.length === 0) return plainMs;
    return Math.min(plainMs + link.machine.replyDelayMs(link, nowMs), this.#timeouts.replyMs);
  }

  /** Does the host take longer for a transaction than the client waits? */
  isTooSlow(link: Link, nowMs: number): boolean {
    return link.machine.traits.length > 0 && link.machine.replyDelayMs(link, nowMs) >= this.#timeouts.replyMs;
  }
}
