// How long a client may take: for a command, for the next piece of content, for the session, and to close its side at the end.
// A part of a command line starts no time anew (RFC 5321 4.5.3.2.7): one byte a minute would hold a connection for ever.

import type { Deadline, Deadlines } from '../io/deadlines.ts';
import type { ServerPhase } from '../protocol/smtp/server/server-types.ts';
import type { ReceiveSettings } from './types.ts';

/**
 * So much content starts timeout_data anew, and no single byte does: a sender that has more to send fills its segments, of which
 * the smallest that TCP uses have 536 bytes.
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
  /** What the time was set for. */
  #phase: ServerPhase | undefined;
  /** Received since then while content is due. */
  #contentBytes = 0;
  #lingering = false;

  constructor(deadlines: Deadlines, settings: ReceiveSettings, onExpired: () => void) {
    this.#deadlines = deadlines;
    this.#settings = settings;
    this.#onExpired = onExpired;
    this.#sessionEndsAtMs = deadlines.nowMs + settings.sessionTimeoutMs;
  }

  expired(): void {
    this.#onExpired();
  }

  /** The client has sent this many bytes of content. */
  contentCame(bytes: number): void {
    this.#contentBytes += bytes;
  }

  /**
   * Starts the time for the next command, or the next piece of content, unless it runs already.
   *
   * @param progress - a command was answered, or a message got on
   */
  run(phase: ServerPhase, progress: boolean): void {
    if (this.#lingering) return;
    const enough = phase === 'content' && this.#contentBytes >= contentStepBytes;
    // Without a time the connection came back from waiting for the disk.
    if (!progress && !enough && phase === this.#phase && this.atMs !== Infinity) return;
    this.#phase = phase;
    this.#contentBytes = 0;
    const { dataTimeoutMs, commandTimeoutMs } = this.#settings;
    const leftMs = Math.max(0, this.#sessionEndsAtMs - this.#deadlines.nowMs);
    this.#deadlines.set(this, Math.min(phase === 'content' ? dataTimeoutMs : commandTimeoutMs, leftMs));
  }

  /** Our last reply is written. What the client sends from now on makes its moment no longer. */
  linger(): void {
    if (this.#lingering) return;
    this.#lingering = true;
    this.#deadlines.set(this, lingerMs);
  }

  /** No time runs while the client waits for us. */
  stop(): void {
    this.#deadlines.clear(this);
  }
}
