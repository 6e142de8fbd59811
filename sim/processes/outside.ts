// Counts what destinations see: the connections that are open at each of them, and the messages that arrived. Judges both by
// the limits alone and knows nothing of the processes that caused them.

import { check } from '../world/ledger.ts';

/** A connection as its destination sees it. */
export interface Visitor {
  readonly ip: string;
  readonly site: string;
  /** Ms at which the manager granted it. */
  readonly grantedAtMs: number;
}

/** Limits by what they count: `ip`, `site`, `all`. */
export type SomeLimits = Readonly<Record<'ip' | 'site' | 'all', number>>;

export class Outside {
  readonly #open = new Set<Visitor>();
  readonly #counts = new Map<string, number>();
  /** The limits that were in force, with the time from which on, oldest first. */
  readonly #limits: { readonly fromMs: number; readonly limits: SomeLimits }[] = [];
  readonly #arrived = new Map<string, number>();
  readonly #excused = new Map<string, number>();
  /** How many connections were judged. */
  judged = 0;

  /** Sets the limits that are in force from now on. */
  setLimits(limits: SomeLimits, nowMs: number): void {
    this.#limits.push({ fromMs: nowMs, limits });
  }

  get open(): number {
    return this.#open.size;
  }

  opened(visitor: Visitor): void {
    this.#open.add(visitor);
    this.judged++;
    for (const [kind, key] of keysOf(visitor)) {
      const count = (this.#counts.get(key) ?? 0) + 1;
      this.#counts.set(key, count);
      const most = this.#mostSince(visitor.grantedAtMs, kind);
      check(count <= most, () => `${count} connections to ${key}, and ${most} are allowed`);
    }
  }

  closed(visitor: Visitor): void {
    if (!this.#open.delete(visitor)) return;
    for (const [, key] of keysOf(visitor)) this.#counts.set(key, (this.#counts.get(key) ?? 0) - 1);
  }

  arrived(queueId: string): void {
    this.#arrived.set(queueId, this.arrivals(queueId) + 1);
  }

  arrivals(queueId: string): number {
    return this.#arrived.get(queueId) ?? 0;
  }

  /** Allows one more arrival: no process may have learned that the message arrived. */
  excuse(queueId: string): void {
    this.#excused.set(queueId, (this.#excused.get(queueId) ?? 0) + 1);
  }

  /** Checks at the end that each message arrived, and not more often than its excuses allow. */
  finish(queueIds: readonly string[]): void {
    check(this.#open.size === 0, () => `${this.#open.size} connections are left open`);
    for (const queueId of queueIds) {
      const times = this.arrivals(queueId);
      const most = 1 + (this.#excused.get(queueId) ?? 0);
      check(times >= 1, () => `${queueId} never arrived`);
      check(times <= most, () => `${queueId} arrived ${times} times, and ${most} are excused`);
    }
  }

  /** The highest limit in force at any time since `atMs`: a grant takes a while to reach its sender. */
  #mostSince(atMs: number, kind: keyof SomeLimits): number {
    let most = 0;
    for (const { fromMs, limits } of this.#limits.toReversed()) {
      most = Math.max(most, limits[kind]);
      if (fromMs < atMs) break;
    }
    return most;
  }
}

function keysOf({ ip, site }: Visitor): readonly (readonly [keyof SomeLimits, string])[] {
  return [
    ['ip', `ip ${ip}`],
    ['site', `site ${site}`],
    ['all', 'all'],
  ];
}
