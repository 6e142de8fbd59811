// Finds roles without any process that is linked to the manager: without a sender no mail is delivered, without a receiver
// none is taken. The supervisor reports this, too, but not while it is stopped itself.

/** A process that died is usually restarted, and has said hello, within this time. */
const missingAfterMs = 5_000;

export const linkedRoles = ['sender', 'receiver'] as const;
export type LinkedRole = (typeof linkedRoles)[number];

export class LinkedRoles {
  readonly #nowMs: () => number;
  readonly #counts: Record<LinkedRole, number> = { sender: 0, receiver: 0 };
  /** When the last process of the role was lost. */
  readonly #emptySinceMs: Record<LinkedRole, number>;

  /** @param nowMs - ms on a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#emptySinceMs = { sender: nowMs(), receiver: nowMs() };
  }

  /** Counts a process of this role as linked until its channel closes. */
  add(role: LinkedRole, channel: { onClosed(callback: () => void): void }): void {
    this.#counts[role]++;
    channel.onClosed(() => {
      this.#counts[role]--;
      this.#emptySinceMs[role] = this.#nowMs();
    });
  }

  /** Is a process of the role linked? */
  has(role: LinkedRole): boolean {
    return this.#counts[role] > 0;
  }

  /** Roles that have had no process for some seconds. */
  get missing(): readonly LinkedRole[] {
    return linkedRoles.filter(
      (role) => this.#counts[role] === 0 && this.#nowMs() - this.#emptySinceMs[role] >= missingAfterMs,
    );
  }
}
