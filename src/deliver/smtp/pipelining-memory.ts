// Remembers servers that offered PIPELINING (RFC 2920) and left a group of commands unanswered, for example because a
// middlebox drops everything after the first command. They get one command at a time for a day.

import { RecentMap } from '../../dns/recent-map.ts';

/** Most servers that are remembered; the least recently used are forgotten first. */
const maxServers = 10_000;
/** A server that merely broke down is soon trusted again; one that never answers costs one attempt a day. */
export const distrustMs = 24 * 3_600_000;

export class PipeliningMemory {
  readonly #now: () => number;
  readonly #distrustedUntilMs = new RecentMap<string, number>(maxServers);

  /** @param now - ms on a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether PIPELINING may be used if the server offers it. @param key - of its endpoint (`NextHopAddress.key`) */
  mayUse(key: string): boolean {
    const untilMs = this.#distrustedUntilMs.get(key);
    return untilMs === undefined || untilMs <= this.#now();
  }

  /** The server left a group of commands unanswered. */
  distrust(key: string): void {
    this.#distrustedUntilMs.set(key, this.#now() + distrustMs);
  }
}
