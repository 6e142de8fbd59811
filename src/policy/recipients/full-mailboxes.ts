// The mailboxes that take no more mail, in a receiver: told by senders that found no room. Promise: nobody is refused for longer than some minutes
// because of what was once true: what is not told again is forgotten, and the next message finds out.

import type { MailboxState } from '../../values/mailbox-way.ts';
import type { Reply } from '../../protocol/smtp/server/server-types.ts';

const believedMs = 5 * 60_000;
const mostFull = 20_000;

/** RFC 5321 4.2.3 and RFC 3463 3.3: mailbox full. */
const replies: Readonly<Record<'full' | 'closed', Reply>> = {
  full: { code: 452, enhanced: '4.2.2', text: 'The mailbox is full, try again later' },
  closed: { code: 552, enhanced: '5.2.2', text: 'The mailbox is full' },
};

const repliesOfDomain: typeof replies = {
  full: { code: 452, enhanced: '4.2.2', text: 'The mailboxes of this domain are full, try again later' },
  closed: { code: 552, enhanced: '5.2.2', text: 'The mailboxes of this domain are full' },
};

export class FullMailboxes {
  readonly #nowMs: () => number;
  readonly #full = new Map<string, { readonly state: 'full' | 'closed'; readonly untilMs: number }>();

  /** @param nowMs - on a steady clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  take({ user, state }: { readonly user: string; readonly state: MailboxState }): void {
    this.#full.delete(user);
    if (state === 'room') return;
    this.#full.set(user, { state, untilMs: this.#nowMs() + believedMs });
    for (const [oldest] of this.#full) {
      if (this.#full.size <= mostFull) break;
      this.#full.delete(oldest);
    }
  }

  /** The answer to mail for this user; undefined: there may be room. */
  replyFor(user: string): Reply | undefined {
    if (this.#full.size === 0) return undefined;
    const ofUser = this.#stateOf(user);
    if (ofUser !== undefined) return replies[ofUser];
    const ofDomain = this.#stateOf(user.slice(user.lastIndexOf('@')));
    return ofDomain === undefined ? undefined : repliesOfDomain[ofDomain];
  }

  /** @param name - of a user, or `@example.com` for all of a domain */
  #stateOf(name: string): 'full' | 'closed' | undefined {
    const found = this.#full.get(name);
    if (found === undefined) return undefined;
    if (this.#nowMs() < found.untilMs) return found.state;
    this.#full.delete(name);
    return undefined;
  }
}
