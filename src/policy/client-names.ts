// The verified names of clients, for rules by name (RFC 8601 2.7.3 calls the method iprev). Promises: a client waits a bounded time for
// its name, and a name that cannot be looked up is told apart from a client without one.

import { type ConfirmedNames, confirmedNames } from '../dns/confirmed-names.ts';
import type { Resolver } from '../dns/types.ts';
import type { Deadline, Deadlines } from '../io/deadlines.ts';

/** Two look-ups follow each other, the client waits for its greeting, and clients wait five minutes for that (RFC 5321 4.5.3.2.1). */
const longestMs = 10_000;

export class ClientNames {
  readonly #lookups: Pick<Resolver, 'ptr' | 'addresses'>;
  readonly #deadlines: Pick<Deadlines, 'set' | 'clear'>;

  constructor(lookups: Pick<Resolver, 'ptr' | 'addresses'>, deadlines: Pick<Deadlines, 'set' | 'clear'>) {
    this.#lookups = lookups;
    this.#deadlines = deadlines;
  }

  /** It never rejects. @param address - perhaps with a zone */
  of(address: string): Promise<ConfirmedNames> {
    const [withoutZone = ''] = address.split('%', 1);
    return new Promise((resolve) => {
      const deadline: Deadline = {
        atMs: Infinity,
        bucket: -1,
        expired: () => resolve({ kind: 'failed', reason: `no answer within ${longestMs / 1000} s` }),
      };
      this.#deadlines.set(deadline, longestMs);
      void confirmedNames(withoutZone, this.#lookups).then((found) => {
        this.#deadlines.clear(deadline);
        resolve(found);
      });
    });
  }
}
