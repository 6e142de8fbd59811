// What the outside sees: connections that are open at each destination, and messages that arrived there. Judges both, and
// knows nothing of the processes that caused them.

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
  /** What held from when on, oldest first. */
  readonly #limits: { readonly fromMs: number; readonly limits: SomeLimits }[] = [];
  readonly #arrived = new Map<string, number>();
  readonly #excused = new Map<string, number>();
  /** Connections judged. */
  judged = 0;

  /** These limits are in force from now on. */
  limit(limits: SomeLimits, nowMs: number): void {
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

  /** Nobody may know that it arrived: once more is forgiven. */
  excuse(queueId: string): void {
    this.#excused.set(queueId, (this.#excused.get(queueId) ?? 0) + 1);
  }

  /** Everything has ended: each message arrived, and not more often than there are excuses for. */
  finish(queueIds: readonly string[]): void {
    check(this.#open.size === 0, () => `${this.#open.size} connections are left open`);
    for (const queueId of queueIds) {
      const times = this.arrivals(queueId);
      const most = 1 + (this.#excused.get(queueId) ?? 0);
      check(times >= 1, () => `${queueId} never arrived`);
      check(times <= most, () => `${queueId} arrived ${times} times, and ${most} are excused`);
    }
  }

  /** The highest limit that was in force at any time since then: a grant is on its way for a while. */
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
