// How much mail waits for each domain, and which domains have as much as the quota in their record allows: receivers are told, and refuse recipients of
// those. Promises: receivers that link later are told as well; what was on its way when a domain became full is taken, and nothing is removed.

import type { FullDomainsTold } from '../../channel/room-messages.ts';
import { fullOf } from '../../policy/room/room-gate.ts';
import type { RoomLimit } from '../../policy/room/types.ts';
import type { MessageHandle } from '../../schedule/types.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Taken } from '../reserved-room.ts';

/** In one message to a receiver. */
const mostTold = 500;

interface ToldReceiver {
  post(message: FullDomainsTold): void;
  onClosed(callback: () => void): void;
}

export interface DomainRoomsParts {
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  readonly desk: {
    /** Undefined: no table says anything about domains. */
    readonly ways: unknown;
    quotaOf(domain: string): RoomLimit | undefined;
  };
}

interface Counted extends Taken {
  readonly domain: string;
}

export class DomainRooms {
  readonly #parts: DomainRoomsParts;
  readonly #counts = new Map<string, Counted>();
  /** By message handle: what it counts to, and its size. Handles of messages that are done are used again. */
  readonly #countsOf: (readonly Counted[] | undefined)[] = [];
  readonly #sizeBytes: number[] = [];
  readonly #receivers = new Set<ToldReceiver>();
  readonly #full = new Set<string>();
  #named: string | undefined;

  constructor(parts: DomainRoomsParts) {
    this.#parts = parts;
  }

  addReceiver(receiver: ToldReceiver): void {
    this.#receivers.add(receiver);
    receiver.onClosed(() => this.#receivers.delete(receiver));
    const all = [...this.#full];
    for (let at = 0; at < all.length; at += mostTold)
      receiver.post({ kind: 'fullDomains', full: all.slice(at, at + mostTold), free: [] });
  }

  /** @param domains - of its recipients, in canonical form */
  admitted(message: MessageHandle, domains: readonly string[], sizeBytes: number): void {
    if (this.#parts.desk.ways === undefined) return;
    const counts = Array.from(new Set(domains), (domain) => this.#countOf(domain));
    for (const counted of counts) {
      counted.messages++;
      counted.bytes += sizeBytes;
    }
    this.#countsOf[message] = counts;
    this.#sizeBytes[message] = sizeBytes;
    for (const { domain } of counts) this.look(domain);
  }

  /** No recipient of the message is left. */
  done(message: MessageHandle): void {
    const counts = this.#countsOf[message];
    if (counts === undefined) return;
    this.#countsOf[message] = undefined;
    for (const counted of counts) {
      counted.messages--;
      counted.bytes -= this.#sizeBytes[message] ?? 0;
      if (counted.messages === 0) this.#counts.delete(counted.domain);
      if (this.#full.has(counted.domain)) this.look(counted.domain);
    }
  }

  /** Compares what waits for a domain with its quota, which may be another one now. */
  look(domain: string): void {
    const limit = this.#parts.desk.quotaOf(domain);
    const taken = this.#counts.get(domain) ?? { messages: 0, bytes: 0 };
    const isFull = limit !== undefined && fullOf(limit, taken, 1) !== undefined;
    if (this.#full.has(domain) === isFull) return;
    if (isFull) this.#full.add(domain);
    else this.#full.delete(domain);
    const told: FullDomainsTold = isFull
      ? { kind: 'fullDomains', full: [domain], free: [] }
      : { kind: 'fullDomains', full: [], free: [domain] };
    for (const receiver of this.#receivers) receiver.post(told);
    this.#tell();
  }

  /** The quotas of all domains that are full may be other ones now. */
  lookAtFull(): void {
    for (const domain of this.#full) this.look(domain);
  }

  #countOf(domain: string): Counted {
    let counted = this.#counts.get(domain);
    if (counted === undefined) {
      counted = { domain, messages: 0, bytes: 0 };
      this.#counts.set(domain, counted);
    }
    return counted;
  }

  #tell(): void {
    const { troubles } = this.#parts;
    const [first] = this.#full;
    if (first === undefined) troubles.clear('domain');
    // One that is named stays so while it is full: domains that come and go are no news each time.
    if (first === this.#named) return;
    this.#named = first;
    if (first === undefined) return;
    troubles.raise(
      'domain',
      'warning',
      `As much mail waits for ${first} as the quota in its record allows, and perhaps for others. Further recipients there are answered 452.`,
      `See what waits ("sluice queue list --domain ${first}") and why ("sluice explain ${first}"), or raise its quota ("sluice provision set ${first} quota=SIZE quota_messages=NUMBER").`,
    );
  }
}
