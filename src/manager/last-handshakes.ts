// What TLS came to on the last connection to each host under each policy, for `sluice explain`: what a handshake of other mail came to
// says nothing about this one. Promises: it is bounded, and it decides nothing.

import { isSocketHop } from '../route/next-hop.ts';
import { createHash } from 'node:crypto';
import { RecentMap } from '../dns/recent-map.ts';
import type { NextHopAddress } from '../route/types.ts';
import type { TlsOutcome } from '../values/tls-outcome.ts';
import { tlsPolicyKey } from '../values/tls-policy.ts';

export interface LastHandshake {
  readonly outcome: TlsOutcome;
  /** Unix ms. */
  readonly atMs: number;
}

/** Most hosts and policies that are remembered. */
const mostHosts = 20_000;

export class LastHandshakes {
  readonly #byHop = new RecentMap<string, LastHandshake>(mostHosts);
  /** Hops of the open connections. */
  readonly #hops = new Map<number, NextHopAddress>();
  readonly #dateMs: () => number;

  /** @param dateMs - for people, Unix ms */
  constructor(dateMs: () => number) {
    this.#dateMs = dateMs;
  }

  opened(connection: number, hop: NextHopAddress): void {
    this.#hops.set(connection, hop);
  }

  /** Where an open connection goes. */
  hopOf(connection: number): NextHopAddress | undefined {
    return this.#hops.get(connection);
  }

  told(connection: number, outcome: TlsOutcome): void {
    const hop = this.#hops.get(connection);
    if (hop !== undefined) this.#byHop.set(keyOf(hop), { outcome, atMs: this.#dateMs() });
  }

  closed(connection: number): void {
    this.#hops.delete(connection);
  }

  /** The last one with a host under its policy; undefined: none since the start, or none that is remembered. */
  of(hop: NextHopAddress): LastHandshake | undefined {
    return this.#byHop.get(keyOf(hop));
  }
}

/** An address may belong to several hosts. A policy may be long, by its TLSA records. */
function keyOf(hop: NextHopAddress): string {
  const policy = isSocketHop(hop) ? tlsPolicyKey(hop.tls) : '';
  const digest = policy === '' ? '' : createHash('sha256').update(policy).digest('base64url');
  return `${hop.key} ${hop.host} ${digest}`;
}
