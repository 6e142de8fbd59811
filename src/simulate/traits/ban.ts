// A destination that bans: whoever has more connections than it likes is turned away for a time, with every further
// connection. Counted for each of our addresses by itself, over one address, one MX name, one network, or everywhere.

import { networkAround } from '../../values/network.ts';
import { Trait, type Objection, type Visit } from '../trait.ts';

export interface BanOptions {
  /** As many at once are welcome. */
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

  #keyOf({ host, ip }: Visit): string {
    switch (this.#options.per) {
      case 'ip':
        return ip;
      case 'mx':
        return host;
      case 'network':
        return networkAround(ip);
      case 'destination':
        return '';
    }
  }
}
