// Removes Authentication-Results fields with our name from mail of users who have logged in. Their mail is not verified, and whatever
// bears our name would be believed: RFC 8601 5 trusts other servers of the organization alone, which are in relay_networks.

import { forgedFields } from '../../verification/forged-results.ts';
import { goOn, type HeadersFacts, type Stage, type Verdict } from '../stage.ts';

export class ForgedResultsStage implements Stage {
  readonly name = 'forged-results';
  readonly audience = 'users';
  readonly #authservId: string;

  constructor(authservId: string) {
    this.#authservId = authservId;
  }

  headers({ header }: HeadersFacts): Verdict {
    const forged = forgedFields(header, this.#authservId);
    switch (forged.kind) {
      case 'none':
        return goOn;
      case 'fields':
        return { kind: 'continue', edits: forged.edits };
      case 'too-many':
        return { kind: 'reject', reply: forged.reply };
    }
  }
}
