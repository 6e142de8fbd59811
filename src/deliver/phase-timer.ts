// The time that a destination has in each phase of a session, and for each reply (RFC 5321 4.5.3.2), and the disk for a
// message. One deadline of the process's wheel.

import type { Deadline, Deadlines } from '../io/deadlines.ts';
import type { ClientSession, ClientPhase } from '../protocol/smtp/client/client-session.ts';
import { phaseTimeoutMs } from './phase-timeout.ts';
import type { DeliveryTimeouts } from './types.ts';

export class PhaseTimer implements Deadline {
  atMs = Infinity;
  bucket = -1;

  readonly #deadlines: Deadlines;
  readonly #timeouts: DeliveryTimeouts;
  readonly #session: ClientSession;
  readonly #onExpired: () => void;
  /** What it was set for: the phase, and after how many replies. */
  #phase: ClientPhase | undefined;
  #replyCount = 0;
  #isReading = false;

  constructor(
    deadlines: Deadlines,
    timeouts: DeliveryTimeouts,
    session: ClientSession,
    onExpired: () => void,
  ) {
    this.#deadlines = deadlines;
    this.#timeouts = timeouts;
    this.#session = session;
    this.#onExpired = onExpired;
  }

  startConnecting(): void {
    this.#deadlines.set(this, this.#timeouts.connectMs);
  }

  /** A disk that does not answer must not hold a connection, and what it counts for, without end. */
  startReading(): void {
    this.#isReading = true;
    this.#deadlines.set(this, this.#timeouts.blockMs);
  }

  /** The message is there; the time goes on until the next phase sets another, or `stop`. */
  endReading(): void {
    this.#isReading = false;
  }

  /** Starts the time of a phase, or of the next reply. A part of a reply does not: it would let a peer hold us for ever. */
  run(): void {
    const { phase, replyCount } = this.#session;
    if (phase !== this.#phase || replyCount !== this.#replyCount) this.restart();
  }

  /** Starts the time of the phase anew: something was done in it. */
  restart(): void {
    const { phase, replyCount } = this.#session;
    this.#phase = phase;
    this.#replyCount = replyCount;
    // An idle connection is closed by whoever grants, not by a timer here.
    if (phase !== 'idle') this.#deadlines.set(this, phaseTimeoutMs(phase, this.#timeouts));
    else if (!this.#isReading) this.#deadlines.clear(this);
  }

  stop(): void {
    this.#isReading = false;
    this.#deadlines.clear(this);
  }

  expired(): void {
    this.#onExpired();
  }
}
