// How long things take on a simulated connection: round trips, the host's delays, and the timeouts that end both. Commands are
// grouped as a session groups them, so what a connection carries depends on its distance, and on the extensions of the host.

import type { Random } from '../schedule/store/random.ts';
import type { Link, TransactionTimes } from './link.ts';

export interface Timeouts {
  readonly connectMs: number;
  readonly greetingMs: number;
  /** For the whole of a transaction. */
  readonly replyMs: number;
}

/** A message up to this size leaves with its commands, where the host has CHUNKING. */
const wholeGroupBytes = 65_536;
/** Round trips of MAIL, DATA and the content's end; each recipient adds one where commands wait for each other. */
const singleTrips = 3;

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

  /**
   * The times of a transaction that is granted now, behind those that are on the way on the connection. Its commands leave with
   * the end of the content before. MAIL, RCPT and DATA are one group (RFC 2920 3.1), and the content waits for its answer; with
   * CHUNKING a small message is in that group (RFC 3030 4.2).
   */
  transaction(link: Link, sizeBytes: number, recipients: number, nowMs: number): TransactionTimes {
    const { machine, lastTimes } = link;
    const { hasChunking, hasPipelining } = machine;
    const trips =
      hasChunking && sizeBytes <= wholeGroupBytes ? 1 : hasPipelining ? 2 : singleTrips + recipients;
    const allTripsMs = this.tripsMs(link, trips);
    const commandsMs = Math.floor((allTripsMs * (trips - 1)) / trips);
    const sentMs = Math.max(nowMs, lastTimes.contentSentMs);
    const acceptedMs = trips === 1 ? sentMs : Math.max(lastTimes.doneMs, sentMs + commandsMs);
    const contentSentMs = acceptedMs + Math.floor(sizeBytes / machine.bytesPerMs);
    const plainMs = Math.max(lastTimes.doneMs, contentSentMs + allTripsMs - commandsMs);
    if (machine.traits.length === 0) return { sentMs, contentSentMs, doneMs: plainMs };
    const latestMs = Math.max(nowMs, lastTimes.doneMs) + this.#timeouts.replyMs;
    return { sentMs, contentSentMs, doneMs: Math.min(plainMs + machine.replyDelayMs(link, nowMs), latestMs) };
  }

  /** Does the host take longer for a transaction than the client waits? */
  isTooSlow(link: Link, nowMs: number): boolean {
    return link.machine.traits.length > 0 && link.machine.replyDelayMs(link, nowMs) >= this.#timeouts.replyMs;
  }
}
