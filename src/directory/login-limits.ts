// Limits of failed log-ins: by client, by the network of the client, and by user. Who exceeds one is banned for a time, and then begins anew.
// Promises: a name counts whether or not there is such a user, so that a ban tells nobody which users exist; memory is bounded; each change is
// told to who keeps it (`LimitEntry`), and can be put in force again by another process.

import { readAddress } from '../values/address-bits.ts';
import type { Network } from '../values/network.ts';
import { networkAround } from '../values/network.ts';
import { NetworkSet } from '../values/network-set.ts';
import type { Rate } from '../values/rate.ts';
import { mostOffenders, Offenders } from './offenders.ts';
import type { Ban, BannedKind } from './types.ts';

export interface LoginLimitSettings {
  readonly perClient: Rate;
  readonly perNetwork: Rate;
  readonly perUser: Rate;
  /** 0: nobody is banned. */
  readonly banMs: number;
  /** Clients that are not banned, and neither are their networks. */
  readonly exempt: readonly Network[];
}

/** Who tries to log in. */
export interface LoginAttempt {
  /** As the directory looks it up. */
  readonly user: string;
  /** The client's IP address; empty for programs of this host. */
  readonly client: string;
  /** The user counts whether or not this client has logged in before, and is not remembered: all users of this host look the same here. */
  readonly alwaysCounts?: true | undefined;
}

type Target = readonly [kind: BannedKind, name: string];

/** Something that has changed. Times are those of the clock that the limits are told. */
export type LimitEntry =
  | { readonly kind: 'failed'; readonly of: BannedKind; readonly target: string; readonly arrivalMs: number }
  | { readonly kind: 'banned'; readonly of: BannedKind; readonly target: string; readonly untilMs: number }
  | { readonly kind: 'forgotten'; readonly of: BannedKind; readonly target: string }
  | { readonly kind: 'proven'; readonly pair: string };

/** Keeps what changes. */
export interface LimitKeeper {
  changed(entry: LimitEntry): void;
  /** All was forgotten. */
  cleared(): void;
}

const nobody: LimitKeeper = { changed: () => undefined, cleared: () => undefined };

const kinds = ['client', 'network', 'user'] as const;
const mostProven = mostOffenders;
/** More of a name is not kept. */
const longestName = 320;

export class LoginLimits {
  #settings: LoginLimitSettings;
  #exempt: NetworkSet;
  readonly #offenders: Readonly<Record<BannedKind, Offenders>>;
  /** Users with clients from which they have logged in: whoever guesses passwords elsewhere cannot lock them out there. */
  readonly #proven = new Set<string>();
  #keeper = nobody;

  /** @param most - of each kind, those who are remembered, and those who are banned */
  constructor(settings: LoginLimitSettings, most = mostOffenders) {
    this.#settings = settings;
    this.#exempt = new NetworkSet(settings.exempt);
    this.#offenders = {
      client: new Offenders(most),
      network: new Offenders(most),
      user: new Offenders(most),
    };
  }

  /** Tells of changes from now on. */
  keepBy(keeper: LimitKeeper): void {
    this.#keeper = keeper;
  }

  /** Puts other limits in force. What was counted stays. */
  configure(settings: LoginLimitSettings): void {
    this.#settings = settings;
    this.#exempt = new NetworkSet(settings.exempt);
    if (settings.banMs > 0) return;
    for (const offenders of Object.values(this.#offenders)) offenders.clear();
    this.#keeper.cleared();
  }

  /** Puts an entry in force that another process has kept. No ban and no count gets longer than the limits allow that are in force now. */
  restore(entry: LimitEntry, nowMs: number): void {
    const { banMs } = this.#settings;
    if (entry.kind === 'proven') this.#remember(entry.pair);
    else if (entry.kind === 'forgotten') this.#offenders[entry.of].forget(entry.target);
    else if (entry.kind === 'banned') {
      const untilMs = Math.min(entry.untilMs, nowMs + banMs);
      if (untilMs > nowMs) this.#offenders[entry.of].ban(entry.target, untilMs, nowMs);
    } else if (banMs > 0) {
      const { count, perMs } = this.#rateOf(entry.of);
      const arrivalMs = Math.min(entry.arrivalMs, nowMs + perMs + perMs / count);
      if (arrivalMs > nowMs) this.#offenders[entry.of].setArrival(entry.target, arrivalMs);
    }
  }

  /** All that has to be kept, in an order in which it can be restored. */
  *entries(nowMs: number): Iterable<LimitEntry> {
    for (const of of kinds) {
      for (const [target, arrivalMs] of this.#offenders[of].arrivals(nowMs))
        yield { kind: 'failed', of, target, arrivalMs };
      for (const [target, untilMs] of this.#offenders[of].bans(nowMs))
        yield { kind: 'banned', of, target, untilMs };
    }
    for (const pair of this.#proven) yield { kind: 'proven', pair };
  }

  /**
   * The ban that an attempt falls under.
   * @param nowMs - of a monotonic clock
   */
  banOf(attempt: LoginAttempt, nowMs: number): Ban | undefined {
    for (const [kind, target] of this.#targetsOf(attempt)) {
      const until = this.#offenders[kind].bannedUntil(target, this.#rateOf(kind), nowMs);
      if (until > nowMs) return { kind, target, remainingMs: until - nowMs };
    }
    return undefined;
  }

  /** The password was wrong, or there is no such user. @returns the bans that begin with it */
  failed(attempt: LoginAttempt, nowMs: number): readonly Ban[] {
    const { banMs } = this.#settings;
    if (banMs === 0) return [];
    const bans: Ban[] = [];
    for (const [kind, target] of this.#targetsOf(attempt)) {
      const offenders = this.#offenders[kind];
      const rate = this.#rateOf(kind);
      // Attempts that were under way when a ban began are not counted again.
      if (offenders.bannedUntil(target, rate, nowMs) > nowMs) continue;
      if (!offenders.isTooMany(target, rate, nowMs)) {
        this.#keeper.changed({ kind: 'failed', of: kind, target, arrivalMs: offenders.arrivalOf(target) });
      } else if (offenders.ban(target, nowMs + banMs, nowMs)) {
        bans.push({ kind, target, remainingMs: banMs });
        this.#keeper.changed({ kind: 'banned', of: kind, target, untilMs: nowMs + banMs });
      }
    }
    return bans;
  }

  succeeded(attempt: LoginAttempt): void {
    if (attempt.alwaysCounts === true) return;
    const pair = pairOf(attempt);
    if (this.#remember(pair)) this.#keeper.changed({ kind: 'proven', pair });
  }

  /** All that are in force. */
  bans(nowMs: number): readonly Ban[] {
    return kinds.flatMap((kind) =>
      [...this.#offenders[kind].bans(nowMs)].map(([target, until]) => ({
        kind,
        target,
        remainingMs: until - nowMs,
      })),
    );
  }

  /**
   * Ends the bans of a client, a network or a user, and forgets their failures.
   * @param wanted - undefined: all
   * @returns the bans that were in force
   */
  lift(wanted: string | undefined, nowMs: number): readonly Ban[] {
    const ended = this.bans(nowMs).filter(({ target }) => wanted === undefined || target === wanted);
    for (const { kind, target } of ended) {
      this.#offenders[kind].forget(target);
      this.#keeper.changed({ kind: 'forgotten', of: kind, target });
    }
    return ended;
  }

  /** @returns whether it is new */
  #remember(pair: string): boolean {
    const isNew = !this.#proven.delete(pair);
    if (this.#proven.size >= mostProven) {
      for (const oldest of this.#proven) {
        this.#proven.delete(oldest);
        break;
      }
    }
    this.#proven.add(pair);
    return isNew;
  }

  #rateOf(kind: BannedKind): Rate {
    const { perClient, perNetwork, perUser } = this.#settings;
    return kind === 'client' ? perClient : kind === 'network' ? perNetwork : perUser;
  }

  #targetsOf(attempt: LoginAttempt): readonly Target[] {
    const { user, client, alwaysCounts = false } = attempt;
    const targets: Target[] = [];
    if (client !== '' && !this.#exempt.has(client)) {
      targets.push(['client', clientOf(client)], ['network', networkOf(client)]);
    }
    if (user !== '' && (alwaysCounts || !this.#proven.has(pairOf(attempt))))
      targets.push(['user', user.slice(0, longestName)]);
    return targets;
  }
}

function pairOf({ user, client }: LoginAttempt): string {
  return `${clientOf(client)} ${user.slice(0, longestName)}`;
}

/** One host has a whole /64 in IPv6 (RFC 4291 2.5.4). */
function clientOf(address: string): string {
  return address.includes(':') ? networkAround(address) : address;
}

/** The /24 in IPv4, and the /48 in IPv6, which is what one site gets at most (RFC 6177 2). */
function networkOf(address: string): string {
  const words = new Uint32Array(4);
  if (readAddress(address, words) !== 128) return networkAround(address);
  const site = [(words[0] ?? 0) >>> 16, (words[0] ?? 0) & 0xffff, (words[1] ?? 0) >>> 16];
  return `${site.map((group) => group.toString(16)).join(':')}::/48`;
}
