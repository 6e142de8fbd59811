// How far a server is: the shortest time from a command, sent while nothing was on the way, to the first bytes that answer it.
//
// On a short way it matters how messages are packed. A server that sends a part of its replies, and has more to say, waits with the rest
// until our system acknowledges the part (the algorithm of Nagle), which may take 40 ms when we have nothing to send (a delayed
// acknowledgement). Measured with Postfix on the same machine: 43 messages a second instead of 512. So to a server that is near, commands leave in
// one write with what is before them, or wait for its answer; and content goes with them only as far as a server reads it at once.

/** From here on a round trip saved is worth more than an acknowledgement delayed. */
const farMs = 20;

export class Distance {
  #askedAtMs = -1;
  #leastMs = Infinity;

  /** A command is sent, and nothing else is on the way. @param nowMs - ms on a monotonic clock */
  asked(nowMs: number): void {
    if (this.#askedAtMs < 0) this.#askedAtMs = nowMs;
  }

  /** The server said something. */
  heard(nowMs: number): void {
    if (this.#askedAtMs < 0) return;
    this.#leastMs = Math.min(this.#leastMs, nowMs - this.#askedAtMs);
    this.#askedAtMs = -1;
  }

  get isFar(): boolean {
    return this.#leastMs >= farMs && this.#leastMs < Infinity;
  }
}
