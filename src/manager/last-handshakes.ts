// What TLS came to on the last connection to each host, for `sluice explain`. Promises: it is bounded, and it decides nothing.

import { RecentMap } from '../dns/recent-map.ts';
import type { TlsOutcome } from '../values/tls-outcome.ts';

export interface LastHandshake {
  readonly outcome: TlsOutcome;
  /** Unix ms. */
  readonly atMs: number;
}

/** Most hosts that are remembered. */
const mostHosts = 20_000;

export class LastHandshakes {
  readonly #byEndpoint = new RecentMap<string, LastHandshake>(mostHosts);
  /** Endpoints of the open connections. */
  readonly #endpoints = new Map<number, string>();
  readonly #dateMs: () => number;

  /** @param dateMs - for people, Unix ms */
  constructor(dateMs: () => number) {
    this.#dateMs = dateMs;
  }

  /** @param endpoint - `NextHopAddress.key` */
  opened(connection: number, endpoint: string): void {
    this.#endpoints.set(connection, endpoint);
  }

  told(connection: number, outcome: TlsOutcome): void {
    const endpoint = this.#endpoints.get(connection);
    if (endpoint !== undefined) this.#byEndpoint.set(endpoint, { outcome, atMs: this.#dateMs() });
  }

  closed(connection: number): void {
    this.#endpoints.delete(connection);
  }

  /** The last one with a host; undefined: none since the start, or none that is remembered. */
  of(endpoint: string): LastHandshake | undefined {
    return this.#byEndpoint.get(endpoint);
  }
}
