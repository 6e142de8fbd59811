// Servers that could not be asked rest for a while, longer with each failure in a row, so that no server is flooded with connections that it refuses.

interface Rest {
  readonly failures: number;
  readonly untilMs: number;
  readonly isThere: boolean;
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

  /** @param isThere - it could be connected to, and may have answered */
  failed(server: string, nowMs: number, isThere: boolean): void {
    const failures = (this.#rests.get(server)?.failures ?? 0) + 1;
    if (this.#rests.size >= mostServers) this.#rests.clear();
    this.#rests.set(server, {
      failures,
      isThere,
      untilMs: nowMs + Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 10)),
    });
  }

  /** It has failed, and was there all the same. */
  isThere(server: string): boolean {
    return this.#rests.get(server)?.isThere === true;
  }

  worked(server: string): void {
    this.#rests.delete(server);
  }
}
