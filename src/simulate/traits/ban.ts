// A destination that bans: a source with too many connections is turned away for some time, with every further connection.
// Each source is counted by itself, over one address, one MX name, one network, or all hosts of the destination.

import { networkAround } from '../../values/network.ts';
import { addressOf, Trait, type Objection, type Visit } from '../trait.ts';

export interface BanOptions {
  /** So many connections at once are accepted. */
  readonly connections: number;
  /** What they are counted over. */
  readonly per: 'ip' | 'mx' | 'network' | 'destination';
  readonly forMs: number;
  /** Greeting of those who are turned away; empty: the port is closed to them. */
  readonly reply: string;
}

interface Count {
  open: number;
  bannedUntilMs: number;
}

export class Ban extends Trait {
  readonly #options: BanOptions;
  readonly #counts = new Map<string, Count>();
  /** Most connections at once over one key. */
  mostOpen = 0;
  /** Bans so far. */
  count = 0;

  constructor(options: BanOptions) {
    super();
    this.#options = options;
  }

  override connect(visit: Visit, nowMs: number): Objection | undefined {
    const { connections, forMs, reply } = this.#options;
    const count = this.#countOf(visit);
    count.open++;
    this.mostOpen = Math.max(this.mostOpen, count.open);
    const kind = reply === '' ? 'refused' : 'greeting';
    if (nowMs < count.bannedUntilMs) return { kind, reply, ban: 'lasts' };
    if (count.open <= connections) return undefined;
    count.bannedUntilMs = nowMs + forMs;
    this.count++;
    return { kind, reply, ban: 'begins' };
  }

  override disconnect(visit: Visit): void {
    this.#countOf(visit).open--;
  }

  #countOf(visit: Visit): Count {
    const key = `${visit.source} ${this.#keyOf(visit)}`;
    let count = this.#counts.get(key);
    if (count === undefined) this.#counts.set(key, (count = { open: 0, bannedUntilMs: -Infinity }));
    return count;
  }

  #keyOf({ hop }: Visit): string {
    switch (this.#options.per) {
      case 'ip':
        return addressOf(hop);
      case 'mx':
        return hop.host;
      case 'network':
        return hop.ip === '' ? hop.key : networkAround(hop.ip);
      case 'destination':
        return '';
    }
  }
}
