// Which mailboxes take no more mail, as senders have told, and the process for POP3 when there is room again: passed on to all receivers, and to those that come later.

import type { Channel } from '../channel/channel.ts';
import type { MailboxTold } from '../channel/mailbox-messages.ts';
import type { MailboxState } from '../values/mailbox-way.ts';

/** More are not remembered: their mail is taken, and waits in the queue. */
const mostFull = 20_000;

type ToReceiver = Pick<Channel<MailboxTold, never>, 'post' | 'onClosed'>;

export class ToldMailboxes {
  readonly #receivers = new Set<ToReceiver>();
  readonly #full = new Map<string, MailboxState>();

  add(receiver: ToReceiver): void {
    this.#receivers.add(receiver);
    receiver.onClosed(() => this.#receivers.delete(receiver));
    for (const [user, state] of this.#full) receiver.post({ kind: 'mailbox', user, state });
  }

  take(message: MailboxTold): void {
    const { user, state } = message;
    const wasFull = this.#full.delete(user);
    // Whoever fetches mail makes room, and few mailboxes were full.
    if (state === 'room' && !wasFull) return;
    if (state !== 'room') {
      this.#full.set(user, state);
      for (const [oldest] of this.#full) {
        if (this.#full.size <= mostFull) break;
        this.#full.delete(oldest);
      }
    }
    for (const receiver of this.#receivers) receiver.post(message);
  }
}
