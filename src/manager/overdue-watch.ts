// Raises the trouble `overdue` when mail makes no progress and neither its retry schedule, a limit nor a timeout explains it: a message of a
// route that could go, a transaction without an end, mail whose lifetime is over. This is a fault of Sluice, or a look-up that never
// ends. It costs one look at each route and connection a minute, and one at each message an hour.

import type { Timer, Timers } from '../io/timers.ts';
import type { Scheduler, UnexplainedWait } from '../schedule/types.ts';
import type { DeliveryTimeouts } from '../deliver/types.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { FlightInHand } from './flights.ts';
import { type LifetimeWatchParts, outlivedMessage } from './lifetime-watch.ts';
import { stuckTransaction } from './transaction-watch.ts';

const everyMs = 60_000;
/** A message at the head of its queue with nothing to wait for is reported after this time. */
const patienceMs = 15 * 60_000;
/** Work of the scheduler that is overdue by this time is reported. It usually begins within ms, on a busy manager within s. */
const lateMs = 5 * 60_000;
/** Most messages that are remembered from one look to the next. */
const maxRemembered = 1_000;

export interface OverdueParts {
  readonly scheduler: Pick<Scheduler, 'unexplainedWaits' | 'nextWakeMs'> & LifetimeWatchParts['scheduler'];
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

export class OverdueWatch {
  readonly #parts: OverdueParts;
  /** Time of the look that first saw each message waiting, by queue id and domain. */
  #seen = new Map<string, number>();
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
      const key = `${wait.queueId} ${wait.domain}`;
      const sinceMs = before.get(key) ?? now;
      this.#seen.set(key, sinceMs);
      if (sinceMs > oldestMs) continue;
      oldest = wait;
      oldestMs = sinceMs;
    }
    if (oldest !== undefined) {
      const what = oldest.isResolving ? 'its route is being looked up' : 'nothing is in its way';
      const { queueId, domain } = oldest;
      const text = `Message ${queueId} to ${domain} has been ready for over ${minutes(now - oldestMs)} minutes, and ${what}.`;
      troubles.raise('overdue', 'critical', text, advice);
    } else if (scheduler.nextWakeMs() < now - lateMs) {
      const text = `What was due over ${minutes(lateMs)} minutes ago has not been taken up: retries do not happen.`;
      troubles.raise('overdue', 'critical', text, advice);
    } else troubles.clear('overdue');
    this.#lookAtTransactions(now);
    if (++this.#looks % looksBetweenWalks === 0) void this.#lookAtLifetimes();
  }

  #lookAtTransactions(now: number): void {
    const { troubles, inHand, hostOf, timeouts } = this.#parts;
    const stuck = stuckTransaction(inHand(), timeouts(), now);
    if (stuck === undefined) {
      troubles.clear('overdue:transaction');
      return;
    }
    const { queueId, connection, sinceMs, explainedMs } = stuck;
    const host = hostOf(connection) ?? 'a host';
    const text = `The transaction of message ${queueId} with ${host} has had no end for over ${minutes(now - sinceMs)} minutes; its timeouts and its content explain ${minutes(explainedMs)} at most.`;
    troubles.raise('overdue:transaction', 'critical', text, advice);
  }

  async #lookAtLifetimes(): Promise<void> {
    const { troubles } = this.#parts;
    const found = await outlivedMessage(this.#parts);
    if (this.#timer === undefined) return;
    if (found === undefined) {
      troubles.clear('overdue:lifetime');
      return;
    }
    const { queueId, domain, state, lateMs } = found;
    const text = `Message ${queueId} to ${domain} (${state}) is in the queue though its lifetime was over ${minutes(lateMs)} minutes ago.`;
    troubles.raise('overdue:lifetime', 'critical', text, advice);
  }
}

function minutes(ms: number): number {
  return Math.floor(ms / 60_000 / 5) * 5;
}
