// The journal of the simulated manager. It also judges the outcomes: every recipient ends exactly once.

import { Witness } from '../../src/simulate/witness.ts';
import type { LastRefusal } from '../../src/message/refusal-form.ts';
import type { Visit } from '../../src/simulate/trait.ts';
import type { Effect, NewRecipient, RecipientResult } from '../../src/schedule/types.ts';

export interface LedgerRecipient extends NewRecipient {
  attempts: number;
  nextAttemptAtMs: number;
  lastRefusal: LastRefusal;
  state: 'waiting' | 'inFlight' | 'delivered' | 'failed' | 'removed';
  /** How often the destination accepted it. */
  taken: number;
  /** How often it may have been accepted without our knowledge: a crash in flight, a connection lost after the final dot. */
  excuses: number;
  endedAtMs: number;
}

export interface LedgerMessage {
  /** Index in the ledger. */
  readonly number: number;
  readonly queueId: string;
  readonly tenant: string;
  readonly priority: number;
  readonly receivedAtMs: number;
  readonly nullSender: boolean;
  readonly sizeBytes: number;
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
    lastRefusal: '',
    state: 'waiting',
    taken: 0,
    excuses: 0,
    endedAtMs: -1,
  };
}

/** A message with one recipient for each of these domains. */
export function ledgerMessage(
  number: number,
  receivedAtMs: number,
  domains: readonly string[],
  change: Partial<LedgerMessage> = {},
): LedgerMessage {
  return {
    number,
    queueId: number.toString(36).padStart(5, '0'),
    tenant: '',
    priority: 0,
    receivedAtMs,
    nullSender: false,
    sizeBytes: 0,
    held: false,
    done: false,
    recipients: domains.map((domain, recipient) => ledgerRecipient(recipient, domain)),
    ...change,
  };
}

/** The scheduler broke a rule. */
export class BrokenRule extends Error {}

export function check(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new BrokenRule(message());
}

export class Ledger extends Witness {
  readonly messages: LedgerMessage[] = [];

  add(message: LedgerMessage): void {
    check(message.number === this.messages.length, () => `${message.queueId} has a wrong number`);
    this.messages.push(message);
  }

  message(number: number): LedgerMessage {
    const message = this.messages[number];
    check(message !== undefined, () => `there is no message ${number}`);
    return message;
  }

  recipient(number: number, index: number): LedgerRecipient {
    const recipient = this.messages[number]?.recipients[index];
    check(recipient !== undefined, () => `message ${number} has no recipient ${index}`);
    return recipient;
  }

  override granted(_visit: Visit, number: number, recipients: readonly number[]): void {
    const { held, queueId } = this.message(number);
    check(!held, () => `${queueId} is granted while it is held`);
    for (const index of recipients) {
      const recipient = this.recipient(number, index);
      check(recipient.state === 'waiting', () => `${queueId}/${index} granted while ${recipient.state}`);
      recipient.state = 'inFlight';
    }
  }

  override unsent(_visit: Visit, number: number, recipients: readonly number[]): void {
    for (const index of recipients) this.recipient(number, index).state = 'waiting';
  }

  /** Refused recipients wait again: a reaction may send them to another host at once, without counting an attempt. */
  override answered(_visit: Visit, number: number, results: readonly RecipientResult[]): void {
    for (const { recipient, result } of results)
      if (result !== 'delivered') this.recipient(number, recipient).state = 'waiting';
  }

  override took(_visit: Visit, number: number, index: number, heard: boolean): void {
    const recipient = this.recipient(number, index);
    recipient.taken++;
    if (!heard) recipient.excuses++;
  }

  override delivered(number: number, index: number, nowMs: number): void {
    this.ended(number, index, 'delivered', nowMs);
  }

  override failed(number: number, effect: Extract<Effect, { kind: 'failed' }>, nowMs: number): void {
    check(effect.refusal.lines.length > 0, () => `${number}/${effect.recipient} failed without a reason`);
    const isExpiredHeld = effect.expired && this.message(number).held;
    check(!isExpiredHeld, () => `${number}/${effect.recipient} expired while it was held`);
    this.ended(number, effect.recipient, 'failed', nowMs);
  }

  ended(number: number, index: number, state: 'delivered' | 'failed' | 'removed', nowMs: number): void {
    const recipient = this.recipient(number, index);
    const may = state === 'delivered' ? recipient.state === 'inFlight' : recipient.state !== 'delivered';
    check(may && recipient.endedAtMs < 0, () => `${number}/${index} ${state} while ${recipient.state}`);
    recipient.state = state;
    recipient.endedAtMs = nowMs;
  }

  override deferred(number: number, effect: Extract<Effect, { kind: 'deferred' }>): void {
    const recipient = this.recipient(number, effect.recipient);
    const { attempts, nextAttemptAtMs, refusal } = effect;
    check(recipient.endedAtMs < 0, () => `${number}/${effect.recipient} deferred while ${recipient.state}`);
    check(attempts === recipient.attempts + 1, () => `${number}/${effect.recipient} skipped an attempt`);
    Object.assign(recipient, { attempts, nextAttemptAtMs, lastRefusal: refusal, state: 'waiting' });
  }

  override done(number: number): void {
    const message = this.message(number);
    check(!message.done, () => `${message.queueId} is done twice`);
    check(
      message.recipients.every(({ endedAtMs }) => endedAtMs >= 0),
      () => `${message.queueId} is done with recipients left`,
    );
    message.done = true;
  }

  /** The manager died: recipients in flight have to be tried again. */
  crashed(): void {
    for (const { recipients } of this.messages) {
      for (const recipient of recipients) {
        if (recipient.state !== 'inFlight') continue;
        recipient.state = 'waiting';
        recipient.excuses++;
      }
    }
  }

  /** Checks at the end that no message was lost, and none delivered twice without an excuse. */
  finish(): void {
    for (const { queueId, done, recipients } of this.messages) {
      check(done, () => `${queueId} is not done`);
      for (const [index, { state, taken, excuses }] of recipients.entries()) {
        const least = state === 'delivered' ? 1 : 0;
        check(
          taken >= least && taken <= least + excuses,
          () => `${queueId}/${index} ${state}, taken ${taken} times`,
        );
      }
    }
  }
}
