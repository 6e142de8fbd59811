// TLS sessions of earlier connections, to be resumed (RFC 8446 2.2), each with the verdict of its handshake: a resumed session
// shows no certificate. Promise: a session goes on only under an equal policy, with the host, name and settings it was made for.

import { RecentMap } from '../../dns/recent-map.ts';
import type { Verdict } from './verdict.ts';

export interface KeptSession {
  readonly session: Buffer;
  readonly verdict: Verdict;
  readonly keptAtMs: number;
}

const maxBytes = 16 * 1024 * 1024;
/** So that a certificate that has expired, or was replaced, is looked at again soon. */
export const sessionMaxAgeMs = 3_600_000;

export class SessionCache {
  readonly #now: () => number;
  readonly #sessions = new RecentMap<string, KeptSession>(maxBytes);

  /** @param now - ms on a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @param madeAtMs - of the full handshake, for a session that went on from it; now, when not given */
  keep(key: string, session: Buffer, verdict: Verdict, madeAtMs = this.#now()): void {
    this.#sessions.set(key, { session, verdict, keptAtMs: madeAtMs }, key.length + session.length);
  }

  get(key: string): KeptSession | undefined {
    const kept = this.#sessions.get(key);
    return kept === undefined || this.#now() - kept.keptAtMs > sessionMaxAgeMs ? undefined : kept;
  }

  /** The server did not like it. */
  forget(key: string): void {
    this.#sessions.delete(key);
  }
}
