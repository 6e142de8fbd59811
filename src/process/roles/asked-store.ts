// In the keys process: new passwords, which the supervisor writes.

import type { PasswordStored, StorePassword } from '../../channel/password-messages.ts';
import type { StoredChange, StoreOutcome } from '../../directory/password-change.ts';

export class AskedStore {
  readonly #tell: (message: StorePassword) => void;
  readonly #waiting = new Map<number, (outcome: StoreOutcome) => void>();
  #lastId = 0;

  constructor(tell: (message: StorePassword) => void) {
    this.#tell = tell;
  }

  /** The supervisor always answers: when it is gone, this process ends, too. */
  readonly store = (change: StoredChange): Promise<StoreOutcome> =>
    new Promise((resolve) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, resolve);
      this.#tell({ kind: 'storePassword', id, ...change });
    });

  answered({ id, outcome }: PasswordStored): void {
    this.#waiting.get(id)?.(outcome);
    this.#waiting.delete(id);
  }
}
