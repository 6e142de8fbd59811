// At MAIL: which senders a user who has logged in may use (RFC 6409 6.1). Says nothing about clients that have not logged in here.

import { maySendFrom, type SenderRights } from '../sender-rights.ts';
import { goOn, type MailFacts, type Stage, type Verdict } from '../stage.ts';

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
    return maySendFrom(user, reversePath, this.#rights, this.#separators) ? goOn : notYours;
  }
}
