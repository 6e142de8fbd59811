// How often strangers may ask for mail: each node of an ETRN once in a while, and each domain whose mail waits too, under whatever name it is asked
// for. Promise: the memory is bounded, and names without mail take none of that of domains.

import { RecentMap } from '../../dns/recent-map.ts';
import type { EtrnNode } from '../../values/etrn-node.ts';
import { formatEtrnNode } from '../../values/etrn-node.ts';

/** Each time costs a look at the queue, and a visit to a server that may be down. */
const everyMs = 30_000;
/** Nodes, and domains, of which it is remembered when they were asked for. */
const mostAsked = 10_000;

/** One ETRN, as it looks at the queue. */
export interface EtrnTurn {
  /** May mail of this domain go now? From now on it has been asked for. */
  readonly mayGo: (domain: string) => boolean;
  /** Ms until all domains that might not go may be asked for; 0 if there was none. */
  readonly againMs: () => number;
}

export class EtrnHolds {
  readonly #nowMs: () => number;
  readonly #nodes = new RecentMap<string, number>(mostAsked);
  readonly #domains = new RecentMap<string, number>(mostAsked);

  /** @param nowMs - a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The node is asked for. @returns ms until it may be asked for, when that was a moment ago; 0: it may */
  ask(node: EtrnNode): number {
    const name = formatEtrnNode(node);
    const againMs = this.#againMs(this.#nodes, name);
    if (againMs === 0) this.#nodes.set(name, this.#nowMs());
    return againMs;
  }

  /** Begins a look at the queue. */
  turn(): EtrnTurn {
    const decided = new Map<string, boolean>();
    let longestMs = 0;
    return {
      mayGo: (domain) => {
        const known = decided.get(domain);
        if (known !== undefined) return known;
        const againMs = this.#againMs(this.#domains, domain);
        longestMs = Math.max(longestMs, againMs);
        if (againMs === 0) this.#domains.set(domain, this.#nowMs());
        decided.set(domain, againMs === 0);
        return againMs === 0;
      },
      againMs: () => longestMs,
    };
  }

  #againMs(asked: RecentMap<string, number>, name: string): number {
    const atMs = asked.get(name);
    return atMs === undefined ? 0 : Math.max(0, atMs + everyMs - this.#nowMs());
  }
}
