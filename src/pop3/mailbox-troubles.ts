// Tells operators of mailboxes that cannot be opened or changed, as one trouble. Bounded in users.

import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';

const mostUsers = 100;

export class MailboxTroubles {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #troubles: Troubles;
  /** Why, by user; the latest last. */
  readonly #failing = new Map<string, string>();

  constructor(log: Pick<Logger, 'warn'>, troubles: Troubles) {
    this.#log = log;
    this.#troubles = troubles;
  }

  /** @param why - a clause */
  failed(user: string, why: string): void {
    this.#log.warn(`the mailbox of ${user} cannot be used: ${why}`);
    this.#failing.delete(user);
    this.#failing.set(user, why);
    for (const [oldest] of this.#failing) {
      if (this.#failing.size <= mostUsers) break;
      this.#failing.delete(oldest);
    }
    this.#tell();
  }

  well(user: string): void {
    if (this.#failing.delete(user)) this.#tell();
  }

  #tell(): void {
    const [user, why] = [...this.#failing].at(-1) ?? [];
    if (user === undefined) {
      this.#troubles.clear('mailbox');
      return;
    }
    const others = this.#failing.size === 1 ? '' : `, and those of ${this.#failing.size - 1} others`;
    this.#troubles.raise(
      'mailbox',
      'warning',
      `The mailbox of ${user} cannot be used by POP3${others}: ${why}.`,
      'See that the folder is a Maildir and belongs to the user that Sluice runs as; the trouble ends when the user has logged in again.',
    );
  }
}
