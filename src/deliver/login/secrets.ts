// The secrets of credentials in a sender process, as the supervisor gave them.

import type { GivenSecret, GivenSecrets } from '../../values/secret.ts';

const notGiven: GivenSecret = { kind: 'missing', reason: 'it is being read' };

export class Secrets {
  #given: GivenSecrets = {};

  /** Replaces them all. */
  use(given: GivenSecrets): void {
    this.#given = given;
  }

  /** @param credential - its name */
  of(credential: string): GivenSecret {
    return this.#given[credential] ?? notGiven;
  }
}
