// The order in which name servers are asked: as configured, but one that was silent or unreachable goes to the back
// for a while. Reads no clock: the caller brings the time.

import type { NameServer } from './types.ts';

/** Ms a server that failed stays at the back. */
const restMs = 30_000;

export class ServerList {
  readonly #servers: readonly NameServer[];
  readonly #restsUntilMs: Map<NameServer, number> = new Map();

  constructor(servers: readonly NameServer[]) {
    this.#servers = servers;
  }

  /** All servers, those that work first; resting ones are still asked, the longest rested first. */
  order(nowMs: number): readonly NameServer[] {
    if (this.#restsUntilMs.size === 0) return this.#servers;
    const until = (server: NameServer): number => {
      const rests = this.#restsUntilMs.get(server) ?? 0;
      return rests > nowMs ? rests : 0;
    };
    return this.#servers.toSorted((a, b) => until(a) - until(b));
  }

  /** It was silent or could not be reached. An error code says nothing about the server: the name may be at fault. */
  failed(server: NameServer, nowMs: number): void {
    this.#restsUntilMs.set(server, nowMs + restMs);
  }

  answered(server: NameServer): void {
    this.#restsUntilMs.delete(server);
  }
}
