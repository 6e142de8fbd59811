// Which name servers a question is put to, and in which order: as configured, but one that was silent or unreachable is left
// alone while another one answers. It comes back with its next answer, for which the caller probes it now and then. Reads
// no clock: the caller brings the time.

import type { NameServer } from './types.ts';

/** Ms between two probes of a server that is left alone. */
const probeEveryMs = 2_000;

interface State {
  /** When it last sent a message, whatever was in it. */
  answeredMs: number;
  /** When it last failed; undefined: it has answered since, or was never asked. */
  failedMs: number | undefined;
  probedMs: number;
}

export class ServerList {
  readonly #servers: readonly NameServer[];
  readonly #states = new Map<NameServer, State>();
  #failing = 0;

  constructor(servers: readonly NameServer[]) {
    this.#servers = servers;
    for (const server of servers) {
      this.#states.set(server, { answeredMs: -Infinity, failedMs: undefined, probedMs: -Infinity });
    }
  }

  /** Is there more than one server to choose from? */
  get hasChoice(): boolean {
    return this.#servers.length > 1;
  }

  /** Those that work, as configured. If none does, all of them, the one that failed first in front. */
  order(): readonly NameServer[] {
    if (this.#failing === 0) return this.#servers;
    if (this.#failing < this.#servers.length)
      return this.#servers.filter((server) => !this.#hasFailed(server));
    const failedMs = (server: NameServer): number => this.#states.get(server)?.failedMs ?? 0;
    return this.#servers.toSorted((a, b) => failedMs(a) - failedMs(b));
  }

  /** It failed, and another one works. */
  isLeftAlone(server: NameServer): boolean {
    return this.#failing < this.#servers.length && this.#hasFailed(server);
  }

  /** Has it sent anything since then? */
  hasAnsweredSince(server: NameServer, sinceMs: number): boolean {
    return (this.#states.get(server)?.answeredMs ?? -Infinity) >= sinceMs;
  }

  /** Servers that are left alone and were not probed for a while; from now on they count as probed. */
  takeProbes(nowMs: number): readonly NameServer[] {
    if (this.#failing === 0 || this.#failing === this.#servers.length) return [];
    return this.#servers.filter((server) => {
      const state = this.#states.get(server);
      if (state?.failedMs === undefined || nowMs - state.probedMs < probeEveryMs) return false;
      state.probedMs = nowMs;
      return true;
    });
  }

  /**
   * It could not be reached, or nothing has come from it since `sinceMs`. An error code says nothing about the server, nor
   * does a question that it does not answer while it answers others: the name may be at fault.
   */
  failed(server: NameServer, sinceMs: number, nowMs: number): void {
    const state = this.#states.get(server);
    if (state === undefined || state.answeredMs > sinceMs) return;
    if (state.failedMs === undefined) {
      this.#failing++;
      state.probedMs = nowMs;
    }
    state.failedMs = nowMs;
  }

  /** A message came from it. */
  answered(server: NameServer, nowMs: number): void {
    const state = this.#states.get(server);
    if (state === undefined) return;
    state.answeredMs = nowMs;
    if (state.failedMs === undefined) return;
    state.failedMs = undefined;
    this.#failing--;
  }

  #hasFailed(server: NameServer): boolean {
    return this.#states.get(server)?.failedMs !== undefined;
  }
}
