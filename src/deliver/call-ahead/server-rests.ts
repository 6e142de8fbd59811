// Servers that could not be asked rest for a while, longer with each failure in a row, so that no server is flooded with connections that it refuses.

import type { ServersSeen } from './call-ahead-types.ts';

interface Rest {
  readonly failures: number;
  readonly untilMs: number;
  readonly seen: ServersSeen;
}

const firstMs = 1_000;
const longestMs = 60_000;
/** As many as servers that may be configured, with their addresses. */
const mostServers = 1_000;

export class ServerRests {
  readonly #rests = new Map<string, Rest>();

  rests(server: string, nowMs: number): boolean {
    return nowMs < (this.#rests.get(server)?.untilMs ?? -Infinity);
  }

  failed(server: string, nowMs: number, seen: ServersSeen): void {
    const failures = (this.#rests.get(server)?.failures ?? 0) + 1;
    if (this.#rests.size >= mostServers) this.#rests.clear();
    this.#rests.set(server, {
      failures,
      seen,
      untilMs: nowMs + Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 10)),
    });
  }

  /** What was seen of it when it failed; undefined: it has not failed lately. */
  seen(server: string): ServersSeen | undefined {
    return this.#rests.get(server)?.seen;
  }

  worked(server: string): void {
    this.#rests.delete(server);
  }
}
