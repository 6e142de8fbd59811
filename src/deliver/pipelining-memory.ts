// Servers that offered PIPELINING (RFC 2920) and left a group of commands unanswered: a middlebox that throws away what
// comes behind the first command, or one that takes it for an attack. They are spoken to command by command for a while.

import { RecentMap } from '../dns/recent-map.ts';

/** Servers that are remembered, those that were used least lately forgotten first. */
const maxServers = 10_000;
/** A server that merely broke down is soon trusted again; one that never answers costs one attempt a day. */
export const distrustMs = 24 * 3_600_000;

export class PipeliningMemory {
  readonly #now: () => number;
  readonly #distrustedUntilMs = new RecentMap<string, number>(maxServers);

  /** @param now - ms on a clock that nobody sets */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Whether commands may be sent together, if the server offers it. */
  mayUse(ip: string, port: number): boolean {
    const untilMs = this.#distrustedUntilMs.get(`${ip} ${port}`);
    return untilMs === undefined || untilMs <= this.#now();
  }

  /** The server left a group of commands unanswered. */
  distrust(ip: string, port: number): void {
    this.#distrustedUntilMs.set(`${ip} ${port}`, this.#now() + distrustMs);
  }
}
