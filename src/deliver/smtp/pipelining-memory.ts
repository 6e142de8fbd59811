// Remembers servers that do not bear a kind of pipelining which they offer, for example because a middlebox drops everything after the
// first command. For a day they are served without it.

import { RecentMap } from '../../dns/recent-map.ts';
import type { PipeliningFaultKind } from '../../protocol/smtp/client/client-session.ts';

/** Most servers that are remembered; the least recently used are forgotten first. */
const maxServers = 10_000;
/** A server that merely broke down is soon trusted again; one that never answers costs one attempt a day. */
export const distrustMs = 24 * 3_600_000;

/** Until when each kind is not used, in ms on the memory's clock. */
type Distrust = Readonly<Record<PipeliningFaultKind, number>>;

/** What may be used with a server that offers it. */
export interface AllowedPipelining {
  /** PIPELINING at all. */
  readonly groups: boolean;
  /** Several transactions on the way. */
  readonly across: boolean;
  /** The content together with its commands, by BDAT. */
  readonly chunks: boolean;
}

const everything: AllowedPipelining = { groups: true, across: true, chunks: true };
const trusted: Distrust = { group: 0, across: 0, chunk: 0 };

export class PipeliningMemory {
  readonly #now: () => number;
  readonly #servers = new RecentMap<string, Distrust>(maxServers);

  /** @param now - ms on a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** What may be used if the server offers it. @param key - of its endpoint (`NextHopAddress.key`) */
  allowed(key: string): AllowedPipelining {
    const distrust = this.#servers.get(key);
    if (distrust === undefined) return everything;
    const now = this.#now();
    const groups = distrust.group <= now;
    // One transaction at a time is served as every server knows it: by DATA.
    const across = groups && distrust.across <= now;
    return { groups, across, chunks: across && distrust.chunk <= now };
  }

  /** The server did not bear it. */
  distrust(key: string, kind: PipeliningFaultKind): void {
    const known = this.#servers.get(key) ?? trusted;
    this.#servers.set(key, { ...known, [kind]: this.#now() + distrustMs });
  }
}
