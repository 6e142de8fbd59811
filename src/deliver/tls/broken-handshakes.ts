// Remembers hosts whose handshakes break or hang, so that the next connection does not run into the same wall: which way round it
// is tried, and why. Bounded in number and time; each sender process has its own.

import { RecentMap } from '../../dns/recent-map.ts';

/** `classic`: a small client hello, without X25519MLKEM768. `clear`: no TLS, where the policy allows that. */
export interface WayRound {
  readonly kind: 'classic' | 'clear';
  /** What went wrong, one line. */
  readonly reason: string;
}

const maxHosts = 10_000;
/** A host that was mended is soon asked for TLS again. */
export const clearForMs = 3_600_000;
/** The small hello costs nothing, and what drops the large one is a middlebox that stays for years. */
export const classicForMs = 24 * 3_600_000;

export class BrokenHandshakes {
  readonly #now: () => number;
  readonly #hosts = new RecentMap<string, { readonly way: WayRound; readonly untilMs: number }>(maxHosts);

  /** @param now - ms on a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The way round for this host; undefined when none is needed. @param key - of its endpoint (`NextHopAddress.key`) */
  wayRound(key: string): WayRound | undefined {
    const found = this.#hosts.get(key);
    return found === undefined || found.untilMs <= this.#now() ? undefined : found.way;
  }

  remember(key: string, way: WayRound): void {
    const forMs = way.kind === 'clear' ? clearForMs : classicForMs;
    this.#hosts.set(key, { way, untilMs: this.#now() + forMs });
  }
}
