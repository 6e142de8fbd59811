// The journal of the simulated manager, and the judge of what it says: every recipient ends once, and only once.

import type { NewRecipient } from '../../src/schedule/types.ts';

export interface LedgerRecipient extends NewRecipient {
  attempts: number;
  nextAttemptAtMs: number;
  lastError: string;
  state: 'waiting' | 'inFlight' | 'delivered' | 'failed' | 'removed';
  /** Times that the destination took it. */
  taken: number;
  /** Times that it may have been taken without our knowledge: a crash in flight, a connection lost after the dot. */
  excuses: number;
  endedAtMs: number;
}

export interface LedgerMessage {
  readonly queueId: string;
  readonly receivedAtMs: number;
  readonly nullSender: boolean;
  held: boolean;
  done: boolean;
  readonly recipients: LedgerRecipient[];
}

/** A recipient that was never tried. */
export function ledgerRecipient(recipient: number, domain: string): LedgerRecipient {
  return {
    recipient,
    route: `mx:${domain}`,
    domain,
    attempts: 0,
    nextAttemptAtMs: 0,
    lastError: '',
    state: 'waiting',
    taken: 0,
    excuses: 0,
    endedAtMs: -1,
  };
}

/** A rule that the scheduler broke. */
export class BrokenRule extends Error {}

export function check(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new BrokenRule(message());
}

export class Ledger {
  readonly messages = new Map<string, LedgerMessage>();

  recipient(queueId: string, index: number): LedgerRecipient {
    const recipient = this.messages.get(queueId)?.recipients[index];
    check(recipient !== undefined, () => `${queueId} has no recipient ${index}`);
    return recipient;
  }

  granted(queueId: string, index: number): LedgerRecipient {
    const recipient = this.recipient(queueId, index);
    check(recipient.state === 'waiting', () => `${queueId}/${index} granted while ${recipient.state}`);
    recipient.state = 'inFlight';
    return recipient;
  }

  ended(queueId: string, index: number, state: 'delivered' | 'failed' | 'removed', nowMs: number): void {
    const recipient = this.recipient(queueId, index);
    const may = state === 'delivered' ? recipient.state === 'inFlight' : recipient.state !== 'delivered';
    check(may && recipient.endedAtMs < 0, () => `${queueId}/${index} ${state} while ${recipient.state}`);
    recipient.state = state;
    recipient.endedAtMs = nowMs;
  }

  deferred(
    queueId: string,
    index: number,
    change: Pick<LedgerRecipient, 'attempts' | 'nextAttemptAtMs' | 'lastError'>,
  ): void {
    const recipient = this.recipient(queueId, index);
    check(recipient.endedAtMs < 0, () => `${queueId}/${index} deferred while ${recipient.state}`);
    check(change.attempts === recipient.attempts + 1, () => `${queueId}/${index} skipped an attempt`);
    Object.assign(recipient, change);
    recipient.state = 'waiting';
  }

  done(queueId: string): void {
    const message = this.messages.get(queueId)!;
    check(!message.done, () => `${queueId} is done twice`);
    check(
      message.recipients.every(({ endedAtMs }) => endedAtMs >= 0),
      () => `${queueId} is done with recipients left`,
    );
    message.done = true;
  }

  /** The manager died: what was in flight has to be tried again. */
  crashed(): void {
    for (const { recipients } of this.messages.values()) {
      for (const recipient of recipients) {
        if (recipient.state !== 'inFlight') continue;
        recipient.state = 'waiting';
        recipient.excuses += 1;
      }
    }
  }
}
