// Those of one kind (clients, networks, or users) whose log-ins have failed, and those of them who are banned.
// Promises: memory is bounded. Of failures the latest are remembered. A ban stays until its end, whoever fails meanwhile: nobody can push it out
// by failing under other names.

import type { Rate } from '../values/rate.ts';

/** Of each, failures and bans. */
export const mostOffenders = 20_000;

export class Offenders {
  /** The theoretical arrival times of the next failures, by GCRA (ITU-T I.371 annex A). Who has failed latest is at the end. */
  readonly #arrivals = new Map<string, number>();
  /** When each ban ends, in the order in which they began, which is that of their ends unless the settings have changed. */
  readonly #bans = new Map<string, number>();
  readonly #most: number;

  constructor(most = mostOffenders) {
    this.#most = most;
  }

  /**
   * Until when an attempt is not checked; in the past or 0: it is.
   * @param rate - of failures
   */
  bannedUntil(target: string, rate: Rate, nowMs: number): number {
    const until = this.#bans.get(target);
    if (until !== undefined) return until;
    // Without room for its ban, an offender is held to the rate.
    return this.#isFull(nowMs) ? this.#exceededUntil(target, rate) : 0;
  }

  /** Counts a failure. @returns whether it is one too many */
  isTooMany(target: string, rate: Rate, nowMs: number): boolean {
    if (this.#exceededUntil(target, rate) > nowMs) return true;
    const arrival = Math.max(this.#arrivals.get(target) ?? 0, nowMs) + rate.perMs / rate.count;
    this.setArrival(target, arrival);
    return false;
  }

  /** Begins a ban, after which failures are counted anew. @returns false when there is no room for one more */
  ban(target: string, untilMs: number, nowMs: number): boolean {
    if (this.#isFull(nowMs)) return false;
    this.#arrivals.delete(target);
    this.#bans.delete(target);
    this.#bans.set(target, untilMs);
    return true;
  }

  arrivalOf(target: string): number {
    return this.#arrivals.get(target) ?? 0;
  }

  setArrival(target: string, arrivalMs: number): void {
    this.#arrivals.delete(target);
    if (this.#arrivals.size >= this.#most) {
      for (const oldest of this.#arrivals.keys()) {
        this.#arrivals.delete(oldest);
        break;
      }
    }
    this.#arrivals.set(target, arrivalMs);
  }

  forget(target: string): void {
    this.#arrivals.delete(target);
    this.#bans.delete(target);
  }

  clear(): void {
    this.#arrivals.clear();
    this.#bans.clear();
  }

  *bans(nowMs: number): Iterable<readonly [target: string, untilMs: number]> {
    for (const ban of this.#bans) if (ban[1] > nowMs) yield ban;
  }

  /** Those that count still. */
  *arrivals(nowMs: number): Iterable<readonly [target: string, arrivalMs: number]> {
    for (const arrival of this.#arrivals) if (arrival[1] > nowMs) yield arrival;
  }

  #exceededUntil(target: string, { count, perMs }: Rate): number {
    const arrival = this.#arrivals.get(target);
    return arrival === undefined ? 0 : arrival - perMs + perMs / count;
  }

  /** Makes room by what is over: the ban that began first ends first. */
  #isFull(nowMs: number): boolean {
    for (const [target, until] of this.#bans) {
      if (until > nowMs) break;
      this.#bans.delete(target);
    }
    return this.#bans.size >= this.#most;
  }
}
