// Counts, over all sessions of a process, the recipients that do not exist, by the network of the client that named them, and lets
// a network rest that named too many. Promises: memory is bounded; a network is never refused longer than the rest that is set.

import { CountTable, countOf } from '../policy/sending/count-table.ts';
import type { Allowance } from '../policy/sending/types.ts';
import { networkAround } from '../values/network.ts';
import type { Rate } from '../values/rate.ts';

/** How many unknown recipients a network may name, and for how long it is refused after more. */
export interface GuessLimit {
  readonly rate: Rate;
  readonly restMs: number;
}

/** Networks that are remembered, and as many that rest. A botnet may have more: then those that guess least are forgotten. */
const mostNetworks = 10_000;

export class GuessCounts {
  readonly #most: number;
  readonly #counts: CountTable;
  /** When the rest of a network ends, in ms on the clock of `add`. In the order in which the rests began. */
  readonly #resting = new Map<string, number>();
  #limit: GuessLimit | undefined;
  #allowances: readonly Allowance[] = [];

  /** @param most - networks that are remembered */
  constructor(most = mostNetworks) {
    this.#most = most;
    this.#counts = new CountTable(() => this.#allowances, most);
  }

  /** @param limit - undefined for none: then nobody rests any more */
  configure(limit: GuessLimit | undefined): void {
    this.#limit = limit;
    if (limit === undefined) this.#resting.clear();
    this.#allowances =
      limit === undefined
        ? []
        : [
            {
              quantity: 'recipients',
              rate: limit.rate,
              beyond: { kind: 'tempfail' },
              origin: 'unknown recipients',
            },
          ];
  }

  /** Networks that rest, or are remembered to have rested. */
  get resting(): number {
    return this.#resting.size;
  }

  /** Is this client to be refused now? @param nowMs - of a monotonic clock */
  rests(client: string, nowMs: number): boolean {
    // Of most hosts, nobody rests: then nothing is computed for a connection.
    if (this.#resting.size === 0) return false;
    const key = guesserKey(client);
    const untilMs = this.#resting.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > nowMs) return true;
    this.#resting.delete(key);
    return false;
  }

  /**
   * Counts an unknown recipient.
   * @returns the limit, when the client has gone beyond it with this one: its network rests from now on
   */
  add(client: string, nowMs: number): GuessLimit | undefined {
    const [allowance] = this.#allowances;
    const limit = this.#limit;
    if (allowance === undefined || limit === undefined || client === '') return undefined;
    const key = guesserKey(client);
    this.#counts.add(key, allowance, 1, nowMs, nowMs);
    const used = countOf(this.#counts.get(key), 'recipients', limit.rate.perMs)?.used(nowMs) ?? 0;
    if (used <= limit.rate.count) return undefined;
    // After its rest, a network begins anew.
    this.#counts.forget(key);
    this.#resting.delete(key);
    for (const [oldest] of this.#resting) {
      if (this.#resting.size < this.#most) break;
      this.#resting.delete(oldest);
    }
    this.#resting.set(key, nowMs + limit.restMs);
    return limit;
  }
}

/** One host has one IPv4 address, or a whole /64 in IPv6 (RFC 4291 2.5.4). */
export function guesserKey(client: string): string {
  return client.includes(':') ? networkAround(client) : client;
}
