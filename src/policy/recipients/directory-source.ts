// The users of the directory as a source of recipients: one of the keys of a mailbox is an address or alias of a user, whose mailbox has room.

import type { Directory } from '../../directory/types.ts';
import { type KeyRules, mailboxKeys } from '../mailbox-keys.ts';
import type { FullMailboxes } from './full-mailboxes.ts';
import {
  type AskedRecipient,
  exists,
  type RecipientAnswer,
  type RecipientSource,
  unknown,
} from './recipient-source.ts';

export class DirectorySource implements RecipientSource {
  readonly #directory: Pick<Directory, 'find'>;
  readonly #rules: KeyRules;
  readonly #mailboxes: Pick<FullMailboxes, 'replyFor'>;

  constructor(
    directory: Pick<Directory, 'find'>,
    rules: KeyRules,
    mailboxes: Pick<FullMailboxes, 'replyFor'>,
  ) {
    this.#directory = directory;
    this.#rules = rules;
    this.#mailboxes = mailboxes;
  }

  async find({ localPart, domain }: AskedRecipient): Promise<RecipientAnswer> {
    // A directory has no entry that takes mail to any name of a domain.
    const keys = mailboxKeys(localPart, domain, this.#rules).filter((key) => !key.startsWith('@'));
    const found = await Promise.all(keys.map((key) => this.#directory.find(key)));
    for (const answer of found) {
      if (answer.kind !== 'user') continue;
      const reply = this.#mailboxes.replyFor(answer.user.address);
      return reply === undefined ? exists : { kind: 'refused', reply };
    }
    return found.find((answer) => answer.kind === 'failing') ?? unknown;
  }
}
