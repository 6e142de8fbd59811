// Which roles have no process at the manager at all: without a sender nothing is delivered, without a receiver nothing is
// taken. The supervisor says that as well, unless it is what is stopped.

/** A process that died is there again sooner, and one that starts has said hello. */
const missingAfterMs = 5_000;

export const linkedRoles = ['sender', 'receiver'] as const;
export type LinkedRole = (typeof linkedRoles)[number];

export class LinkedRoles {
  readonly #nowMs: () => number;
  readonly #counts: Record<LinkedRole, number> = { sender: 0, receiver: 0 };
  /** When the last one went. */
  readonly #emptySinceMs: Record<LinkedRole, number>;

  /** @param nowMs - ms on a clock that nobody sets */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#emptySinceMs = { sender: nowMs(), receiver: nowMs() };
  }

  /** A process of this role is linked, until its channel closes. */
  add(role: LinkedRole, channel: { onClosed(callback: () => void): void }): void {
    this.#counts[role]++;
    channel.onClosed(() => {
      this.#counts[role]--;
      this.#emptySinceMs[role] = this.#nowMs();
    });
  }

  /** Roles that have had no process for some seconds. */
  get missing(): readonly LinkedRole[] {
    return linkedRoles.filter(
      (role) => this.#counts[role] === 0 && this.#nowMs() - this.#emptySinceMs[role] >= missingAfterMs,
    );
  }
}
