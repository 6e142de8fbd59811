// Mail that waits for its next attempt, and is to go now because its server is there again. The queue is walked in pieces, so that deliveries go on.
// Promises: one walk at a time, for all who asked meanwhile, and a pause after a long one; what is due keeps to all limits, and nobody's asking
// makes the mail wait longer than the retry schedule says.

import { nextTurn, type Timers } from '../../io/timers.ts';
import type { MessageHandle, Scheduler, WaitingRecipient } from '../../schedule/types.ts';

/** Recipients that are looked at in one piece, and messages that are made due in one. */
const pieceRecipients = 2_000;
const pieceMessages = 200;
/** Recipients for which the next walk comes 1 ms later: to look at them takes about a tenth of that. */
const seenPerMs = 100;

export interface WaitingMailParts {
  readonly scheduler: Pick<Scheduler, 'messages' | 'recipientsOf' | 'retryNow'>;
  readonly timers: Timers;
  /** Scheduler time. */
  readonly nowMs: () => number;
  /** Called after each piece: carries out the scheduler's effects. */
  readonly changed: () => void;
}

/** Is this waiting recipient meant? It is asked once about each that is not held. */
type IsMeant = (recipient: WaitingRecipient) => boolean;

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

  /**
   * Makes such recipients due, and no others of their messages. Resolves to the number of messages, with those that are on their way already.
   * It never rejects.
   */
  send(isMeant: IsMeant): Promise<number> {
    return new Promise((resolve) => {
      this.#wishes.push({ isMeant, resolve, messages: 0 });
      if (!this.#isWalking) void this.#walk();
    });
  }

  async #walk(): Promise<void> {
    const { timers } = this.#parts;
    this.#isWalking = true;
    while (this.#wishes.length > 0 && !this.#isStopped) {
      const wishes = this.#wishes;
      this.#wishes = [];
      const seen = await this.#walkFor(wishes);
      if (this.#isStopped) break;
      for (const { messages, resolve } of wishes) resolve(messages);
      const pauseMs = Math.floor(seen / seenPerMs);
      if (pauseMs > 0) await new Promise<void>((resolve) => void timers.setTimeout(resolve, pauseMs).unref());
    }
    this.#isWalking = false;
  }

  /** @returns the number of recipients that were looked at */
  async #walkFor(wishes: readonly Wish[]): Promise<number> {
    const { changed, scheduler, timers } = this.#parts;
    let seen = 0;
    let seenInPiece = 0;
    let due = 0;
    for (const message of scheduler.messages()) {
      if (seenInPiece >= pieceRecipients || due >= pieceMessages) {
        seenInPiece = due = 0;
        changed();
        await nextTurn(timers);
        if (this.#isStopped) return seen;
      }
      const recipients = scheduler.recipientsOf(message);
      seen += recipients.length;
      seenInPiece += recipients.length;
      if (this.#sendSome(message, recipients, wishes)) due++;
    }
    changed();
    return seen;
  }

  /** @returns whether any of the message's recipients are meant */
  #sendSome(
    message: MessageHandle,
    recipients: readonly WaitingRecipient[],
    wishes: readonly Wish[],
  ): boolean {
    const meantBy = new Set<Wish>();
    const waiting = new Set<number>();
    for (const recipient of recipients) {
      if (recipient.state === 'held') continue;
      let isMeant = false;
      for (const wish of wishes) {
        if (!wish.isMeant(recipient)) continue;
        isMeant = true;
        meantBy.add(wish);
      }
      // What is ready may wait for the rest of an address.
      if (isMeant && recipient.state !== 'active') waiting.add(recipient.recipient);
    }
    if (waiting.size > 0) this.#parts.scheduler.retryNow(message, this.#parts.nowMs(), waiting);
    for (const wish of meantBy) wish.messages++;
    return meantBy.size > 0;
  }
}
