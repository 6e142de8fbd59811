// Clients that have waited for their greeting, and need not do so again for a while. Promises: memory is bounded; those that are forgotten wait
// once more.

import { RecentMap } from '../../dns/recent-map.ts';
import { networkAround } from '../../values/network.ts';

/** Addresses that are remembered at least; some megabytes. */
const most = 100_000;

export class PassedClients {
  /** Until when, in ms on the clock of the caller. */
  readonly #untilMs = new RecentMap<string, number>(most);

  has(client: string, nowMs: number): boolean {
    const key = keyOf(client);
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > nowMs) return true;
    this.#untilMs.delete(key);
    return false;
  }

  add(client: string, untilMs: number): void {
    this.#untilMs.set(keyOf(client), untilMs);
  }

  forget(client: string): void {
    this.#untilMs.delete(keyOf(client));
  }
}

/** One host has one IPv4 address, or a whole /64 in IPv6 (RFC 4291 2.5.4). */
function keyOf(client: string): string {
  return client.includes(':') ? networkAround(client) : client;
}
