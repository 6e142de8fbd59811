// Raises the trouble `overdue` when mail makes no progress and neither its retry schedule, a limit nor a timeout explains it: a message of a
// route that could go, a transaction without an end, mail whose lifetime is over. This is a fault of Sluice, or a look-up that never
// ends. It costs one look at each route and connection a minute, and one at each message an hour.

import type { Timer, Timers } from '../io/timers.ts';
import type { Scheduler, UnexplainedWait } from '../schedule/types.ts';
import type { DeliveryTimeouts } from '../deliver/types.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { FlightInHand } from './flights.ts';
import { type LifetimeWatchParts, type OutlivedMessage, outlivedMessage } from './lifetime-watch.ts';
import { type StuckTransaction, stuckTransaction } from './transaction-watch.ts';

const everyMs = 60_000;
/** A message at the head of its queue with nothing to wait for is reported after this time. */
const patienceMs = 15 * 60_000;
/** Work of the scheduler that is overdue by this time is reported. It usually begins within ms, on a busy manager within s. */
const lateMs = 5 * 60_000;
/** Most messages that are remembered from one look to the next. */
const maxRemembered = 1_000;
/** Messages that are named for a domain. */
const mostAlarms = 5;

export interface OverdueParts {
  readonly scheduler: Pick<Scheduler, 'find' | 'unexplainedWaits' | 'nextWakeMs'> &
    LifetimeWatchParts['scheduler'];
  /** The oldest transaction of each connection. */
  readonly inHand: () => Iterable<FlightInHand>;
  /** Where the connection leads, if that is known. */
  readonly hostOf: (connection: number) => string | undefined;
  readonly timeouts: () => DeliveryTimeouts;
  readonly troubles: Troubles;
  readonly timers: Timers;
  /** The scheduler's time. */
  readonly nowMs: () => number;
}

const advice =
  'Look at it with "sluice queue show" and "sluice explain". To go on at once, restart Sluice: nothing is lost. ' +
  'Report what you saw, with the log: it is a fault of Sluice.';
/** The queue is walked once in so many looks. */
const looksBetweenWalks = 60;

interface Seen {
  readonly sinceMs: number;
  readonly wait: UnexplainedWait;
}

export class OverdueWatch {
  readonly #parts: OverdueParts;
  /** Time of the look that first saw each message waiting, by queue id and domain. */
  #seen = new Map<string, Seen>();
  /** The message whose lifetime was over at the last walk. */
  #outlived: OutlivedMessage | undefined;
  #timer: Timer | undefined;
  #looks = 0;

  constructor(parts: OverdueParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.timers.setInterval(() => this.#look(), everyMs).unref();
  }

  stop(): void {
    this.#parts.timers.clear(this.#timer);
    this.#timer = undefined;
  }

  /** What makes no progress among the mail to a domain, as the troubles tell it. */
  alarmsOf(domain: string): readonly string[] {
    const { inHand, nowMs, scheduler, timeouts } = this.#parts;
    const now = nowMs();
    const alarms: string[] = [];
    for (const [key, { sinceMs, wait }] of this.#seen) {
      if (wait.domain === domain && sinceMs <= now - patienceMs && this.#isReady(key))
        alarms.push(readyText(wait, now - sinceMs));
      if (alarms.length === mostAlarms) return alarms;
    }
    const isTo = (queueId: string): boolean => {
      const message = scheduler.find(queueId);
      return message !== undefined && scheduler.recipientsOf(message).some((each) => each.domain === domain);
    };
    const stuck = stuckTransaction(inHand(), timeouts(), now, ({ queueId }) => isTo(queueId));
    if (stuck !== undefined) alarms.push(this.#transactionText(stuck, now));
    if (this.#outlived !== undefined && this.#outlived.domain === domain && isTo(this.#outlived.queueId))
      alarms.push(outlivedText(this.#outlived));
    return alarms;
  }

  /** Does it wait now, as it did at the last look? */
  #isReady(key: string): boolean {
    return this.#parts.scheduler.unexplainedWaits(maxRemembered).some((wait) => keyOf(wait) === key);
  }

  #look(): void {
    const { scheduler, troubles, nowMs } = this.#parts;
    const now = nowMs();
    const before = this.#seen;
    this.#seen = new Map();
    let oldest: UnexplainedWait | undefined;
    let oldestMs = now - patienceMs;
    // While no name server answers, another trouble explains look-ups that do not end.
    const isDnsDown = troubles.list.some((trouble) => trouble.key === 'dns');
    for (const wait of scheduler.unexplainedWaits(maxRemembered)) {
      if (isDnsDown && wait.isResolving) continue;
      const key = keyOf(wait);
      const sinceMs = before.get(key)?.sinceMs ?? now;
      this.#seen.set(key, { sinceMs, wait });
      if (sinceMs > oldestMs) continue;
      oldest = wait;
      oldestMs = sinceMs;
    }
    if (oldest !== undefined) {
      troubles.raise('overdue', 'critical', readyText(oldest, now - oldestMs), advice);
    } else if (scheduler.nextWakeMs() < now - lateMs) {
      const text = `What was due over ${minutes(lateMs)} minutes ago has not been taken up: retries do not happen.`;
      troubles.raise('overdue', 'critical', text, advice);
    } else troubles.clear('overdue');
    this.#lookAtTransactions(now);
    if (++this.#looks % looksBetweenWalks === 0) void this.#lookAtLifetimes();
  }

  #lookAtTransactions(now: number): void {
    const { troubles, inHand, timeouts } = this.#parts;
    const stuck = stuckTransaction(inHand(), timeouts(), now);
    if (stuck === undefined) {
      troubles.clear('overdue:transaction');
      return;
    }
    troubles.raise('overdue:transaction', 'critical', this.#transactionText(stuck, now), advice);
  }

  #transactionText({ queueId, connection, sinceMs, explainedMs }: StuckTransaction, now: number): string {
    const host = this.#parts.hostOf(connection) ?? 'a host';
    return `The transaction of message ${queueId} with ${host} has had no end for over ${minutes(now - sinceMs)} minutes; its timeouts and its content explain ${minutes(explainedMs)} at most.`;
  }

  async #lookAtLifetimes(): Promise<void> {
    const { troubles } = this.#parts;
    const found = await outlivedMessage(this.#parts);
    if (this.#timer === undefined) return;
    this.#outlived = found;
    if (found === undefined) {
      troubles.clear('overdue:lifetime');
      return;
    }
    troubles.raise('overdue:lifetime', 'critical', outlivedText(found), advice);
  }
}

function keyOf({ queueId, domain }: UnexplainedWait): string {
  return `${queueId} ${domain}`;
}

function readyText({ domain, isResolving, queueId }: UnexplainedWait, forMs: number): string {
  const what = isResolving ? 'its route is being looked up' : 'nothing is in its way';
  return `Message ${queueId} to ${domain} has been ready for over ${minutes(forMs)} minutes, and ${what}.`;
}

function outlivedText({ domain, lateMs, queueId, state }: OutlivedMessage): string {
  return `Message ${queueId} to ${domain} (${state}) is in the queue though its lifetime was over ${minutes(lateMs)} minutes ago.`;
}

function minutes(ms: number): number {
  return Math.floor(ms / 60_000 / 5) * 5;
}
