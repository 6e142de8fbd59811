// How long a POP3 client may take: for a handshake, to log in, and between two commands (RFC 1939 3). A part of a line restarts nothing.

import type { Deadline, Deadlines } from '../io/deadlines.ts';

/** How long a client may keep its side open after our last reply. */
const lingerMs = 5_000;

export class Pop3Timer implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly #deadlines: Deadlines;
  readonly #onExpired: () => void;
  #isLingering = false;

  constructor(deadlines: Deadlines, onExpired: () => void) {
    this.#deadlines = deadlines;
    this.#onExpired = onExpired;
  }

  expired(): void {
    this.#onExpired();
  }

  /** Starts the time anew after a command or a portion of an answer; else only if none runs. */
  run(ms: number, hasMoved: boolean): void {
    if (this.#isLingering || (!hasMoved && this.atMs !== Infinity)) return;
    this.#deadlines.set(this, ms);
  }

  handshake(ms: number): void {
    this.#deadlines.set(this, ms);
  }

  linger(): void {
    if (this.#isLingering) return;
    this.#isLingering = true;
    this.#deadlines.set(this, lingerMs);
  }

  stop(): void {
    this.#deadlines.clear(this);
  }
}
