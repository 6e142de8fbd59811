// Opens mailboxes for POP3 sessions, each for one at a time. Promises: the messages of all open mailboxes of a process are bounded.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MailboxLocks } from './mailbox-lock.ts';
import { MaildropIndex } from './maildrop-index.ts';
import { OpenMailbox } from './open-mailbox.ts';
import { isOnLocalDisk, QuickReads } from './quick-reads.ts';

/** In all open mailboxes together: about 300 MB. A larger mailbox is opened while no other one is. */
const mostMessages = 2_000_000;

export type MailboxAnswer =
  | { readonly kind: 'open'; readonly mailbox: OpenMailbox }
  | { readonly kind: 'in-use' }
  /** Too many messages are in open mailboxes. */
  | { readonly kind: 'full' }
  | { readonly kind: 'failing'; readonly reason: string };

export class Mailboxes {
  readonly #locks = new MailboxLocks();
  readonly #quickReads = new QuickReads();
  readonly #mostMessages: number;
  #messages = 0;

  /** @param most - messages in all open mailboxes */
  constructor(most = mostMessages) {
    this.#mostMessages = most;
  }

  /** Messages in all open mailboxes. */
  get messages(): number {
    return this.#messages;
  }

  /** Resolves when all mailboxes that were given back are free. */
  closed(): Promise<void> {
    return this.#locks.released();
  }

  /** Never rejects. @param folder - a Maildir; without one, nothing was delivered yet, and the mailbox is empty */
  async open(folder: string): Promise<MailboxAnswer> {
    try {
      return (await isThere(folder))
        ? await this.#open(folder)
        : { kind: 'open', mailbox: emptyMailbox(folder) };
    } catch (error) {
      return { kind: 'failing', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #open(folder: string): Promise<MailboxAnswer> {
    if (this.#messages >= this.#mostMessages) return { kind: 'full' };
    const lock = await this.#locks.take(folder);
    if (lock === undefined) return { kind: 'in-use' };
    try {
      const quickReads = (await isOnLocalDisk(folder)) ? this.#quickReads : undefined;
      const index = await MaildropIndex.open(folder);
      const { count } = index;
      if (this.#messages > 0 && this.#messages + count > this.#mostMessages) {
        index.close();
        await lock.release();
        return { kind: 'full' };
      }
      this.#messages += count;
      let isOpen = true;
      const release = (): Promise<void> => {
        if (isOpen) this.#messages -= count;
        isOpen = false;
        return lock.release();
      };
      return { kind: 'open', mailbox: new OpenMailbox(index, { release }, quickReads) };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }
}

async function isThere(folder: string): Promise<boolean> {
  try {
    await stat(join(folder, 'new'));
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  // A folder that has nothing of a Maildir is a mistake of the configuration, and not an empty mailbox.
  try {
    await stat(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
  throw new Error(`${folder} is no Maildir`);
}

function emptyMailbox(folder: string): OpenMailbox {
  return new OpenMailbox(MaildropIndex.empty(folder), { release: () => Promise.resolve() });
}
