// What the trail of a receiver says of a message that it takes: whose it is, from its first content until it is stored or refused.

import type { Trail } from '../crash/trail.ts';
import type { AcceptedTransaction } from './accepted-transaction.ts';

/** How many messages this process has begun to receive. */
let lastNumber = 0;

export class IntakeTrail {
  readonly #trail: Trail;
  readonly #number = ++lastNumber;

  private constructor(trail: Trail, { origin, reversePath }: AcceptedTransaction) {
    this.#trail = trail;
    trail.begin('receive', `${origin.client || 'local'} <${reversePath}>`, this.#number);
  }

  static begin(trail: Trail | undefined, transaction: AcceptedTransaction): IntakeTrail | undefined {
    return trail === undefined ? undefined : new IntakeTrail(trail, transaction);
  }

  /** Content has come, and is looked at next. */
  flush(): void {
    this.#trail.flush();
  }

  end(): void {
    this.#trail.endAll(this.#number);
  }
}
