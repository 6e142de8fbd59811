// In the header: whom a message of a user who has logged in may say it is from. People see the From and Sender fields, and never the sender of
// the envelope (RFC 5322 3.6.2). Says nothing about clients that have not logged in here.

import { domainOf } from '../../address/domain.ts';
import { authorsOf } from '../../message/author-fields.ts';
import { maySendFrom, type SenderRights } from '../sender-rights.ts';
import { goOn, type HeadersFacts, type Stage, type Verdict } from '../stage.ts';

const advice = 'use an address of your own, or ask for the right';

export class AuthorRightsStage implements Stage {
  readonly name = 'author-rights';
  readonly audience = 'users';
  readonly #rights: SenderRights;
  readonly #separators: string;

  /** @param separators - characters that begin a subaddress, such as `+`; empty for none */
  constructor(rights: SenderRights, separators: string) {
    this.#rights = rights;
    this.#separators = separators;
  }

  headers({ user, header }: HeadersFacts): Verdict {
    if (user === undefined) return goOn;
    const authors = authorsOf(header.fields, header.strayLines, domainOf(user.address));
    if (authors.kind === 'unclear')
      return refused(`It is not clear whom this message is from: ${authors.problem}`);
    for (const [title, addresses] of [
      ['From', authors.from],
      ['Sender', authors.sender],
    ] as const) {
      const isOwn = (address: string): boolean => maySendFrom(user, address, this.#rights, this.#separators);
      if (!addresses.every(isOwn))
        return refused(
          `You have logged in, but may not send from the address in the ${title} field: ${advice}`,
        );
    }
    return goOn;
  }
}

function refused(text: string): Verdict {
  return { kind: 'reject', reply: { code: 550, enhanced: '5.7.1', text } };
}
