// The timer of a connection: bounds how long a destination may take for each phase of a session and each reply (RFC 5321
// 4.5.3.2), and how long the disk may take for a message. It is one deadline of the process's timer wheel.

import type { Deadline, Deadlines } from '../../io/deadlines.ts';
import type { ClientSession, ClientPhase } from '../../protocol/smtp/client/client-session.ts';
import { phaseTimeoutMs } from './phase-timeout.ts';
import type { DeliveryTimeouts } from '../types.ts';

export class PhaseTimer implements Deadline {
  atMs = Infinity;
  bucket = -1;

  readonly #deadlines: Deadlines;
  readonly #timeouts: DeliveryTimeouts;
  readonly #session: ClientSession;
  readonly #onExpired: () => void;
  /** The phase that the timer was set for, and the number of replies at that moment. */
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

  /**
   * Bounds the reading of a message: a disk that does not answer must not keep a connection and its limits for ever. While
   * other messages are on the way, the server's timeouts go on.
   */
  startReading(): void {
    this.#isReading = true;
    if (this.#session.phase === 'idle') this.#deadlines.set(this, this.#timeouts.blockMs);
  }

  /** The message is read; the timer runs on until the next phase sets it anew, or `stop`. */
  endReading(): void {
    this.#isReading = false;
  }

  /** Sets the timer at a new phase or after a reply; not after a part of a reply, with which a peer could stall for ever. */
  run(): void {
    const { phase, replyCount } = this.#session;
    if (phase !== this.#phase || replyCount !== this.#replyCount) this.restart();
  }

  /** Sets the timer for the phase anew, because there was progress in it. */
  restart(): void {
    const { phase, replyCount } = this.#session;
    const wasBusy = this.#phase !== 'idle';
    this.#phase = phase;
    this.#replyCount = replyCount;
    // The scheduler closes idle connections; they need no timer here.
    if (phase !== 'idle') this.#deadlines.set(this, phaseTimeoutMs(phase, this.#timeouts));
    else if (!this.#isReading) this.#deadlines.clear(this);
    else if (wasBusy) this.startReading();
  }

  stop(): void {
    this.#isReading = false;
    this.#deadlines.clear(this);
  }

  expired(): void {
    this.#onExpired();
  }
}
