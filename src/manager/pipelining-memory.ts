// Remembers how hosts are served over a connection, and for a day what they do not bear although they offer it, for example because a
// middlebox drops everything after the first command. All senders are told of it with each connection. It is bounded.

import { RecentMap } from '../dns/recent-map.ts';
import type { PipeliningFault, PipeliningKind, SendingWay } from '../values/pipelining.ts';

/** Most hosts that are remembered; the least recently used are forgotten first. */
const mostHosts = 20_000;
/** Most characters of what a host did. */
const mostText = 300;
/** A host that merely broke down is soon trusted again; one that never answers costs one attempt a day. */
export const distrustMs = 24 * 3_600_000;

export interface RememberedFault extends PipeliningFault {
  /** Until then the host is served without it, in ms on the memory's clock. */
  readonly untilMs: number;
}

/** How the last connection to a host that became ready was served. */
export interface LastService {
  readonly way: SendingWay;
  /** The most messages on the way at once. */
  readonly depth: number;
}

/** What one host does not bear. */
export interface HostFaults {
  /** `NextHopAddress.key` */
  readonly endpoint: string;
  readonly faults: readonly RememberedFault[];
}

export class PipeliningMemory {
  readonly #nowMs: () => number;
  readonly #changed: () => void;
  readonly #faults = new RecentMap<string, readonly RememberedFault[]>(mostHosts);
  readonly #services = new RecentMap<string, LastService>(mostHosts);
  /** Endpoints of the open connections. */
  readonly #endpoints = new Map<number, string>();

  /**
   * @param nowMs - ms on a clock that no change of the date disturbs
   * @param changed - called when something is known against another host
   */
  constructor(nowMs: () => number, changed: () => void = () => undefined) {
    this.#nowMs = nowMs;
    this.#changed = changed;
  }

  /**
   * A connection is opened.
   * @param endpoint - `NextHopAddress.key`
   * @returns the kinds of pipelining that the host does not bear; undefined: nothing is known against it
   */
  opened(connection: number, endpoint: string): readonly PipeliningKind[] | undefined {
    this.#endpoints.set(connection, endpoint);
    const faults = this.faults(endpoint);
    return faults.length === 0 ? undefined : faults.map(({ kind }) => kind);
  }

  ready(connection: number, service: LastService): void {
    const endpoint = this.#endpoints.get(connection);
    if (endpoint !== undefined) this.#services.set(endpoint, service);
  }

  /** The connection is closed. @param fault - what the host did not bear */
  closed(connection: number, fault?: PipeliningFault): void {
    const endpoint = this.#endpoints.get(connection);
    this.#endpoints.delete(connection);
    if (endpoint === undefined || fault === undefined) return;
    const others = this.faults(endpoint).filter(({ kind }) => kind !== fault.kind);
    const remembered = { ...fault, text: fault.text.slice(0, mostText), untilMs: this.#nowMs() + distrustMs };
    this.#faults.set(endpoint, [...others, remembered]);
    this.#changed();
  }

  /** All that is known against hosts, to be restored at the next start. */
  snapshot(): HostFaults[] {
    const nowMs = this.#nowMs();
    const hosts: HostFaults[] = [];
    for (const [endpoint, all] of this.#faults.entries()) {
      const faults = all.filter(({ untilMs }) => untilMs > nowMs);
      if (faults.length > 0) hosts.push({ endpoint, faults });
    }
    return hosts;
  }

  restore(hosts: readonly HostFaults[]): void {
    for (const { endpoint, faults } of hosts) this.#faults.set(endpoint, faults);
  }

  /** What a host does not bear. */
  faults(endpoint: string): readonly RememberedFault[] {
    const faults = this.#faults.get(endpoint);
    if (faults === undefined) return [];
    const nowMs = this.#nowMs();
    return faults.filter(({ untilMs }) => untilMs > nowMs);
  }

  /** How a host was served last; undefined: no connection to it became ready since the start, or it is not remembered. */
  service(endpoint: string): LastService | undefined {
    return this.#services.get(endpoint);
  }
}
