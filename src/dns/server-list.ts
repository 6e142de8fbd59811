// Decides which name servers are asked, and in which order: as configured, but a server that was silent or unreachable is left
// alone while another one answers. The caller probes it now and then; its next answer ends this. Reads no clock: the caller
// passes the time.

import type { NameServer } from './types.ts';

/** Ms between two probes of a server that is left alone. */
const probeEveryMs = 2_000;

interface State {
  /** When it last sent a message of any content. */
  answeredMs: number;
  /** When it last failed; undefined: it has answered since, or never failed. */
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

  /** Whether there is more than one server. */
  get hasChoice(): boolean {
    return this.#servers.length > 1;
  }

  /** The servers that work, in the configured order. If none does: all, in the order in which they failed. */
  order(): readonly NameServer[] {
    if (this.#failing === 0) return this.#servers;
    if (this.#failing < this.#servers.length)
      return this.#servers.filter((server) => !this.#hasFailed(server));
    const failedMs = (server: NameServer): number => this.#states.get(server)?.failedMs ?? 0;
    return this.#servers.toSorted((a, b) => failedMs(a) - failedMs(b));
  }

  /** Whether this server failed while another one works. */
  isLeftAlone(server: NameServer): boolean {
    return this.#failing < this.#servers.length && this.#hasFailed(server);
  }

  /** Whether this server has sent anything since then. */
  hasAnsweredSince(server: NameServer, sinceMs: number): boolean {
    return (this.#states.get(server)?.answeredMs ?? -Infinity) >= sinceMs;
  }

  /** Servers that are left alone and are due for a probe; marks them as probed. */
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
   * The server could not be reached, or has sent nothing since `sinceMs`. No failure of the server: an error code, or a question
   * that it does not answer while it answers others, because then the name may be at fault.
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
