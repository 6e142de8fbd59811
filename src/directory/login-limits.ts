// Limits of failed log-ins: by client, by the network of the client, and by user. Who exceeds one is banned for a time, and then begins anew.
// Promises: a name counts whether or not there is such a user, so that a ban tells nobody which users exist; memory is bounded, of
// those who have failed the latest are remembered.

import { readAddress } from '../values/address-bits.ts';
import type { Network } from '../values/network.ts';
import { networkAround } from '../values/network.ts';
import { NetworkSet } from '../values/network-set.ts';
import type { Rate } from '../values/rate.ts';
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
}

interface Offender {
  /** The theoretical arrival time of the next failure, by GCRA (ITU-T I.371 annex A). */
  arrivalMs: number;
  /** 0: not banned. */
  bannedUntilMs: number;
}

type Target = readonly [kind: BannedKind, name: string];

const mostRemembered = 20_000;
/** More of a name is not kept. */
const longestName = 320;

export class LoginLimits {
  #settings: LoginLimitSettings;
  #exempt: NetworkSet;
  readonly #offenders: Readonly<Record<BannedKind, Map<string, Offender>>> = {
    client: new Map(),
    network: new Map(),
    user: new Map(),
  };
  /** Users with clients from which they have logged in: whoever guesses passwords elsewhere cannot lock them out there. */
  readonly #proven = new Set<string>();

  constructor(settings: LoginLimitSettings) {
    this.#settings = settings;
    this.#exempt = new NetworkSet(settings.exempt);
  }

  /** Puts other limits in force. What was counted stays. */
  configure(settings: LoginLimitSettings): void {
    this.#settings = settings;
    this.#exempt = new NetworkSet(settings.exempt);
    if (settings.banMs === 0) for (const offenders of Object.values(this.#offenders)) offenders.clear();
  }

  /**
   * The ban that an attempt falls under.
   * @param nowMs - of a monotonic clock
   */
  banOf(attempt: LoginAttempt, nowMs: number): Ban | undefined {
    for (const [kind, target] of this.#targetsOf(attempt)) {
      const until = this.#offenders[kind].get(target)?.bannedUntilMs ?? 0;
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
      const offender = this.#offenderOf(kind, target);
      // Attempts that were under way when a ban began are not counted again.
      if (offender.bannedUntilMs > nowMs || !this.#isExceeded(kind, offender, nowMs)) continue;
      offender.arrivalMs = 0;
      offender.bannedUntilMs = nowMs + banMs;
      bans.push({ kind, target, remainingMs: banMs });
    }
    return bans;
  }

  succeeded(attempt: LoginAttempt): void {
    const pair = pairOf(attempt);
    this.#proven.delete(pair);
    if (this.#proven.size >= mostRemembered) {
      for (const oldest of this.#proven) {
        this.#proven.delete(oldest);
        break;
      }
    }
    this.#proven.add(pair);
  }

  /** All that are in force. */
  bans(nowMs: number): readonly Ban[] {
    return (['client', 'network', 'user'] as const).flatMap((kind) =>
      [...this.#offenders[kind]].flatMap(([target, { bannedUntilMs }]) =>
        bannedUntilMs > nowMs ? [{ kind, target, remainingMs: bannedUntilMs - nowMs }] : [],
      ),
    );
  }

  /**
   * Ends the bans of a client, a network or a user, and forgets their failures.
   * @param wanted - undefined: all
   * @returns the bans that were in force
   */
  lift(wanted: string | undefined, nowMs: number): readonly Ban[] {
    const ended = this.bans(nowMs).filter(({ target }) => wanted === undefined || target === wanted);
    for (const { kind, target } of ended) this.#offenders[kind].delete(target);
    return ended;
  }

  #isExceeded(kind: BannedKind, offender: Offender, nowMs: number): boolean {
    const { count, perMs } = this.#rateOf(kind);
    const intervalMs = perMs / count;
    if (offender.arrivalMs > nowMs + perMs - intervalMs) return true;
    offender.arrivalMs = Math.max(offender.arrivalMs, nowMs) + intervalMs;
    return false;
  }

  #rateOf(kind: BannedKind): Rate {
    const { perClient, perNetwork, perUser } = this.#settings;
    return kind === 'client' ? perClient : kind === 'network' ? perNetwork : perUser;
  }

  #targetsOf(attempt: LoginAttempt): readonly Target[] {
    const { user, client } = attempt;
    const targets: Target[] = [];
    if (client !== '' && !this.#exempt.has(client)) {
      targets.push(['client', clientOf(client)], ['network', networkOf(client)]);
    }
    if (user !== '' && !this.#proven.has(pairOf(attempt))) targets.push(['user', user.slice(0, longestName)]);
    return targets;
  }

  /** Those who have failed latest are at the end of the map. */
  #offenderOf(kind: BannedKind, target: string): Offender {
    const offenders = this.#offenders[kind];
    const offender = offenders.get(target) ?? { arrivalMs: 0, bannedUntilMs: 0 };
    offenders.delete(target);
    if (offenders.size >= mostRemembered) {
      for (const oldest of offenders.keys()) {
        offenders.delete(oldest);
        break;
      }
    }
    offenders.set(target, offender);
    return offender;
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
