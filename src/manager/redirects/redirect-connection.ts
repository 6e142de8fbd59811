// One connection of the transport `redirect`, which the manager itself carries out: it alone may add mail to the queue. The contract is that of
// `deliver/transport.ts`.

import type { AttemptResult, ConnectGrant, Work } from '../../deliver/types.ts';
import type { SenderToManager } from '../../channel/messages.ts';

export interface RedirectParts {
  /** Carries out one transaction; never rejects. */
  readonly redirect: (grant: Omit<ConnectGrant, 'work'>, work: Work) => Promise<readonly AttemptResult[]>;
  readonly report: (reports: readonly SenderToManager[]) => void;
}

export class RedirectConnection {
  readonly #parts: RedirectParts;
  readonly #place: Omit<ConnectGrant, 'work'>;
  #next: Work | undefined;
  #isBusy = false;
  #isClosing = false;

  constructor(parts: RedirectParts, { work, ...place }: ConnectGrant) {
    this.#parts = parts;
    this.#place = place;
    this.#next = work;
  }

  start(): void {
    this.#parts.report([{ kind: 'ready', connection: this.#place.connection }]);
    this.#begin();
  }

  transact(work: Work): void {
    this.#next = work;
    if (!this.#isBusy) this.#begin();
  }

  close(): void {
    this.#isClosing = true;
    if (!this.#isBusy) this.#end();
  }

  #begin(): void {
    const work = this.#next;
    if (work === undefined || this.#isBusy) return;
    this.#next = undefined;
    this.#isBusy = true;
    void this.#parts.redirect(this.#place, work).then((results) => {
      this.#isBusy = false;
      const { connection } = this.#place;
      this.#parts.report([{ kind: 'done', connection, results, reusable: !this.#isClosing }]);
      if (this.#isClosing) this.#end();
      else this.#begin();
    });
  }

  #end(): void {
    const { connection } = this.#place;
    this.#parts.report([{ kind: 'closed', connection, report: { kind: 'closed' } }]);
  }
}
