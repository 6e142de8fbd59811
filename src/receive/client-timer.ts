// Times out a client: for a command, for the next piece of content, for the session, and for a TLS handshake, and for closing its side at the end.
// A part of a command line does not restart the time (RFC 5321 4.5.3.2.7), so that a client cannot hold a connection for ever by
// sending one byte a minute.

import type { Deadline, Deadlines } from '../io/deadlines.ts';
import type { ServerPhase } from '../protocol/smtp/server/server-types.ts';
import type { ReceiveSettings } from './types.ts';

/**
 * Content that restarts timeout_data. A single byte does not: a sender that has more to send fills its TCP segments, which have
 * at least 536 bytes.
 */
const contentStepBytes = 512;

/** How long a client may keep its side open after our last reply. */
const lingerMs = 5_000;

export class ClientTimer implements Deadline {
  atMs = Infinity;
  bucket = -1;

  readonly #deadlines: Deadlines;
  readonly #settings: ReceiveSettings;
  readonly #onExpired: () => void;
  readonly #sessionEndsAtMs: number;
  /** The phase that the current deadline is for. */
  #phase: ServerPhase | undefined;
  /** Content received since the deadline was set. */
  #contentBytes = 0;
  #lingering = false;

  constructor(deadlines: Deadlines, settings: ReceiveSettings, onExpired: () => void) {
    this.#deadlines = deadlines;
    this.#settings = settings;
    this.#onExpired = onExpired;
    this.#sessionEndsAtMs = deadlines.nowMs + settings.sessionTimeoutMs;
  }

  /** Is the time for the whole session over? */
  get isSessionOver(): boolean {
    return this.#deadlines.nowMs >= this.#sessionEndsAtMs;
  }

  expired(): void {
    this.#onExpired();
  }

  /** Counts content that the client has sent. */
  countContent(bytes: number): void {
    this.#contentBytes += bytes;
  }

  /**
   * Starts the time for the next command or the next piece of content, unless it is running already.
   *
   * @param progress - whether a command was answered, or a message begun or ended
   */
  run(phase: ServerPhase, progress: boolean): void {
    if (this.#lingering) return;
    const enough = phase === 'content' && this.#contentBytes >= contentStepBytes;
    // `atMs` is Infinity after `stop`: the connection waited for the disk.
    if (!progress && !enough && phase === this.#phase && this.atMs !== Infinity) return;
    this.#phase = phase;
    this.#contentBytes = 0;
    const { dataTimeoutMs, commandTimeoutMs } = this.#settings;
    const leftMs = Math.max(0, this.#sessionEndsAtMs - this.#deadlines.nowMs);
    this.#deadlines.set(this, Math.min(phase === 'content' ? dataTimeoutMs : commandTimeoutMs, leftMs));
  }

  /** Starts the time for a whole TLS handshake, which nothing restarts. */
  handshake(timeoutMs: number): void {
    this.#phase = 'handshake';
    const leftMs = Math.max(0, this.#sessionEndsAtMs - this.#deadlines.nowMs);
    this.#deadlines.set(this, Math.min(timeoutMs, leftMs));
  }

  /** Starts the time for closing after our last reply. Nothing that the client sends restarts it. */
  linger(): void {
    if (this.#lingering) return;
    this.#lingering = true;
    this.#deadlines.set(this, lingerMs);
  }

  /** Stops the time while the client waits for us. */
  stop(): void {
    this.#deadlines.clear(this);
  }
}
