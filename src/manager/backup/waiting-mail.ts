// Mail that waits for its next attempt, and is to go now because its server is there again. The queue is walked in pieces, so that deliveries go on.
// Promises: one walk at a time, for all who asked meanwhile; what is due keeps to all limits.

import { nextTurn, type Timers } from '../../io/timers.ts';
import type { QueuedRecipient, Scheduler } from '../../schedule/types.ts';

/** Recipients that are looked at in one piece, and messages that are made due in one. */
const pieceRecipients = 2_000;
const pieceMessages = 200;

export interface WaitingMailParts {
  readonly scheduler: Pick<Scheduler, 'isQueued' | 'recipients' | 'retryNow'>;
  readonly timers: Timers;
  /** Scheduler time. */
  readonly nowMs: () => number;
  /** Called after each piece: carries out the scheduler's effects. */
  readonly changed: () => void;
}

/** Is this waiting recipient meant? */
type IsMeant = (recipient: QueuedRecipient) => boolean;

interface Wish {
  readonly isMeant: IsMeant;
  readonly resolve: (messages: number) => void;
  messages: number;
}

export class WaitingMail {
  readonly #parts: WaitingMailParts;
  #wishes: Wish[] = [];
  #isWalking = false;
  #isStopped = false;

  constructor(parts: WaitingMailParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Makes messages with such recipients due. Resolves to their number, with those that are on their way already. It never rejects. */
  send(isMeant: IsMeant): Promise<number> {
    return new Promise((resolve) => {
      this.#wishes.push({ isMeant, resolve, messages: 0 });
      if (!this.#isWalking) void this.#walk();
    });
  }

  async #walk(): Promise<void> {
    this.#isWalking = true;
    while (this.#wishes.length > 0 && !this.#isStopped) {
      const wishes = this.#wishes;
      this.#wishes = [];
      await this.#walkFor(wishes);
      for (const { messages, resolve } of wishes) resolve(messages);
    }
    this.#isWalking = false;
  }

  async #walkFor(wishes: readonly Wish[]): Promise<void> {
    const { changed, nowMs, scheduler, timers } = this.#parts;
    let seen = 0;
    let due = 0;
    let last: QueuedRecipient['message'] | undefined;
    for (const recipient of scheduler.recipients()) {
      if (++seen >= pieceRecipients || due >= pieceMessages) {
        seen = due = 0;
        changed();
        await nextTurn(timers);
        if (this.#isStopped) return;
      }
      const { message, queueId, state } = recipient;
      // The recipients of a message come one after the other, and become due together. What is ready may wait for the rest of an address.
      if (state === 'held' || message === last) continue;
      const meant = wishes.filter(({ isMeant }) => isMeant(recipient));
      if (meant.length === 0 || !scheduler.isQueued(message, queueId)) continue;
      last = message;
      due++;
      if (state !== 'active') scheduler.retryNow(message, nowMs());
      for (const wish of meant) wish.messages++;
    }
    changed();
  }
}
