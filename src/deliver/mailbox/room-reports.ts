// Tells the manager of mailboxes that take no more mail, and when they do again: once a minute for each, however many messages find no room.

import type { MailboxState } from '../../values/mailbox-way.ts';

const againMs = 60_000;
const mostKnown = 20_000;

export class RoomReports {
  readonly #tell: (user: string, state: MailboxState) => void;
  readonly #nowMs: () => number;
  readonly #told = new Map<string, { readonly state: MailboxState; readonly atMs: number }>();

  /** @param nowMs - on a steady clock */
  constructor(tell: (user: string, state: MailboxState) => void, nowMs: () => number) {
    this.#tell = tell;
    this.#nowMs = nowMs;
  }

  hasNone(user: string, state: Exclude<MailboxState, 'room'>): void {
    const nowMs = this.#nowMs();
    const told = this.#told.get(user);
    if (told?.state === state && nowMs - told.atMs < againMs) return;
    this.#told.delete(user);
    this.#told.set(user, { state, atMs: nowMs });
    for (const [oldest] of this.#told) {
      if (this.#told.size <= mostKnown) break;
      this.#told.delete(oldest);
    }
    this.#tell(user, state);
  }

  hasSome(user: string): void {
    if (this.#told.delete(user)) this.#tell(user, 'room');
  }
}
