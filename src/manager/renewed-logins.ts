// The secrets of credentials are others: hosts that refused the former ones are tried again, and mail that waits for that reason is due at
// once. The queue is walked in pieces, so that deliveries go on.

import { nextTurn, type Timers } from '../io/timers.ts';
import { hasLoginOf } from '../route/plan-key.ts';
import type { Scheduler } from '../schedule/types.ts';
import type { Logins } from './logins.ts';

/** Recipients that are looked at in one piece. */
const pieceRecipients = 2_000;

export interface RenewedLoginsParts {
  readonly scheduler: Pick<Scheduler, 'isQueued' | 'loginsRenewed' | 'recipients' | 'retryNow'>;
  readonly logins: Pick<Logins, 'renewed'>;
  readonly timers: Timers;
  /** Scheduler time. */
  readonly nowMs: () => number;
  /** Called after each piece: carries out the scheduler's effects. */
  readonly changed: () => void;
}

export class RenewedLogins {
  readonly #parts: RenewedLoginsParts;
  #isStopped = false;

  constructor(parts: RenewedLoginsParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** @param credentials - names */
  async renewed(credentials: readonly string[]): Promise<void> {
    const { changed, logins, nowMs, scheduler, timers } = this.#parts;
    logins.renewed(credentials);
    scheduler.loginsRenewed(credentials, nowMs());
    let seen = 0;
    for (const { lastRefusal, message, queueId, route, state } of scheduler.recipients()) {
      if (++seen % pieceRecipients === 0) {
        changed();
        await nextTurn(timers);
        if (this.#isStopped) return;
      }
      if (state !== 'waiting' || lastRefusal?.during !== 'AUTH') continue;
      if (!credentials.some((name) => hasLoginOf(route, name))) continue;
      if (scheduler.isQueued(message, queueId)) scheduler.retryNow(message, nowMs());
    }
    changed();
  }
}
