// At MAIL: which senders a user who has logged in may use (RFC 6409 6.1). Says nothing about clients that have not logged in here.

import { domainOf } from '../../address/domain.ts';
import type { User } from '../../directory/types.ts';
import { tableKey } from '../../table/table-key.ts';
import { mailboxKeys } from '../mailbox-keys.ts';
import { goOn, type MailFacts, type Stage, type Verdict } from '../stage.ts';

/** `own`: the address, its aliases, and the `senders` of the directory. `listed`: the `senders` alone. */
export type SenderRights = 'own' | 'listed';

const notYours: Verdict = {
  kind: 'reject',
  reply: {
    code: 553,
    enhanced: '5.7.1',
    text: 'You have logged in, but may not send from this address: use your own one, or ask for the right',
  },
};

export class SenderRightsStage implements Stage {
  readonly name = 'sender-rights';
  readonly #rights: SenderRights;
  readonly #separators: string;

  /** @param separators - characters that begin a subaddress, such as `+`; empty for none */
  constructor(rights: SenderRights, separators: string) {
    this.#rights = rights;
    this.#separators = separators;
  }

  mail({ user, transaction: { reversePath } }: MailFacts): Verdict {
    // The null sender is for reports that programs of the user make, as about a message that was read (RFC 8098 3).
    if (user === undefined || reversePath === '') return goOn;
    return this.#may(user, reversePath) ? goOn : notYours;
  }

  #may({ address, aliases, senders }: User, reversePath: string): boolean {
    const localPart = reversePath.slice(0, reversePath.lastIndexOf('@'));
    // With `@domain` at the end, which means all of a domain here.
    const keys = mailboxKeys(localPart, domainOf(reversePath), {
      key: 'address',
      separators: this.#separators,
    });
    const isAmong = (list: readonly string[]): boolean => list.some((each) => keys.includes(tableKey(each)));
    if (isAmong(senders)) return true;
    return this.#rights === 'own' && isAmong([address, ...aliases].filter((each) => !each.startsWith('@')));
  }
}
