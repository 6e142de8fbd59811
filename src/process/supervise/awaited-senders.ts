// The sender processes that a manager waits for before it grants anything, and when the supervisor has to end one of them.

import type { Heartbeat } from '../watch/heartbeat.ts';

/** Beats that a running manager waits for the hello of a sender that answers: it finishes its transactions first. */
const maxBeats = 10;

export class AwaitedSenders {
  #serials: readonly number[] = [];
  #beats = 0;

  /** Sets the senders that the manager waits for; none when it waits for none, or has ended. */
  set(serials: readonly number[]): void {
    this.#serials = serials;
    if (serials.length === 0) this.#beats = 0;
  }

  /** A beat has passed. @param isUp - the manager has started, and answers */
  beat(isUp: boolean): void {
    this.#beats = isUp && this.#serials.length > 0 ? this.#beats + 1 : 0;
  }

  /** Whether the manager waits for this sender, and the sender is stalled or has taken too long: then it is killed. */
  mustEnd(serial: number, heartbeat: Heartbeat): boolean {
    return this.#serials.includes(serial) && (heartbeat.isStalled || this.#beats > maxBeats);
  }
}
