// Who has a mailbox, for a sender's process: asked of the keys process over a link, which is made, and its code loaded, at the first question.

import type { Config } from '../../config/config.ts';
import { type UserFinder, UserLookups } from '../../deliver/mailbox/user-lookups.ts';
import type { FoundUser } from '../../directory/types.ts';
import { finishWithin } from './finish-within.ts';
import type { DirectoryLink } from './directory-link.ts';

type Users = Pick<DirectoryLink, 'find' | 'configure' | 'close' | 'whenLinked'>;

/** While the keys process is being started, mail is kept in hand for so long; then it waits in the queue. */
const patienceMs = 30_000;

/** Makes the link. */
type OpenUsers = (config: Config) => Users | Promise<Users>;

const notOpen: FoundUser = { kind: 'failing', reason: 'no [[route]] delivers into mailboxes' };

export class MailboxUsers implements UserFinder {
  #open: OpenUsers | undefined;
  #config: Config | undefined;
  #users: Promise<Users> | undefined;
  readonly #lookups = new UserLookups({ find: (address) => this.#ask(address) }, () => performance.now());

  /** To be called before the first question. */
  openBy(open: OpenUsers): void {
    this.#open = open;
  }

  configure(config: Config): void {
    this.#config = config.route.some(({ kind }) => kind === 'mailbox') ? config : undefined;
    if (this.#config === undefined) this.close();
    else void this.#users?.then((users) => users.configure(config));
  }

  find(address: string): Promise<FoundUser> {
    return this.#lookups.find(address);
  }

  close(): void {
    void this.#users?.then((users) => users.close());
    this.#users = undefined;
  }

  async #ask(address: string): Promise<FoundUser> {
    if (this.#open === undefined || this.#config === undefined) return notOpen;
    this.#users ??= Promise.resolve(this.#open(this.#config));
    const users = await this.#users;
    await finishWithin(patienceMs, (done) => users.whenLinked(done));
    return users.find(address);
  }
}
