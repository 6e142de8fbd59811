// The world outside: domains, their mail exchangers, and name servers that know both. Each host has a temper and counts its
// own connections; what a recipient is answered is told by its address, so that the books know how each has to end.

import type { Answer, MxRecord, Outage, Resolver } from '../../src/dns/types.ts';
import type { Random } from '../../src/schedule/store/random.ts';

/** How a host behaves while there are faults; afterwards all but the dead ones are well. */
export interface Temper {
  /** Ms of one reply. */
  readonly replyMs: number;
  /** Ms until it greets. */
  readonly greetingMs: number;
  /** Ms that a message takes at most. */
  readonly contentMs: number;
  /** Probabilities for each connection. */
  readonly refuses: number;
  readonly hangs: number;
  readonly greets4xx: number;
  /** Probabilities for each transaction: the connection breaks before the message is taken, or after. */
  readonly dropsBefore: number;
  readonly dropsAfter: number;
  /** 4xx for a whole transaction. */
  readonly isBusy: number;
  /** It closes a connection after a transaction. */
  readonly closesAfter: number;
}

export const wellTempered: Temper = {
  replyMs: 2,
  greetingMs: 2,
  contentMs: 5,
  refuses: 0,
  hangs: 0,
  greets4xx: 0,
  dropsBefore: 0,
  dropsAfter: 0,
  isBusy: 0,
  closesAfter: 0,
};

export type Verdict = 'taken' | 'later' | 'never';

export class Host {
  readonly name: string;
  readonly ip: string;
  /** It answers nobody, ever. */
  readonly isDead: boolean;
  temper: Temper;

  constructor(name: string, ip: string, temper: Temper, isDead: boolean) {
    this.name = name;
    this.ip = ip;
    this.temper = temper;
    this.isDead = isDead;
  }
}

export interface Mailboxes {
  readonly domain: string;
  readonly hosts: readonly Host[];
}

/** What a mailbox answers: `bad` is refused for good, `never` for now and always, `slow` until faults are over. */
export function verdictOf(address: string, isCalm: boolean): Verdict {
  if (address.startsWith('bad')) return 'never';
  if (address.startsWith('never')) return 'later';
  if (address.startsWith('slow') && !isCalm) return 'later';
  return 'taken';
}

export interface NameServerTemper {
  readonly answerMs: () => number;
  /** Probability that a question fails. */
  fails: number;
}

export class Internet {
  readonly domains: ReadonlyMap<string, Mailboxes>;
  readonly hosts: ReadonlyMap<string, Host>;

  constructor(domains: readonly Mailboxes[]) {
    this.domains = new Map(domains.map((each) => [each.domain, each]));
    const hosts = domains.flatMap((each) => each.hosts);
    this.hosts = new Map(hosts.map((host) => [host.ip, host]));
  }

  host(ip: string): Host {
    const host = this.hosts.get(ip);
    if (host === undefined) throw new Error(`nobody has the address ${ip}`);
    return host;
  }

  named(name: string): Host | undefined {
    return [...this.hosts.values()].find((host) => host.name === name);
  }
}

const ttlSeconds = 60;

/** A resolver whose answers come when `later` says. */
export function simulatedResolver(
  internet: Internet,
  temper: NameServerTemper,
  random: Random,
  later: (ms: number, act: () => void) => void,
): Resolver {
  const answered = <T>(answer: () => Answer<T>): Promise<Answer<T>> =>
    new Promise((resolve) => {
      const failed = random.next() < temper.fails;
      const reason = 'SERVFAIL from 192.0.2.53';
      later(temper.answerMs(), () => resolve(failed ? { kind: 'failed', reason } : answer()));
    });
  const found = <T>(records: readonly T[], canonicalName: string): Answer<T> =>
    records.length === 0
      ? { kind: 'nodata', ttlSeconds, authenticated: false }
      : { kind: 'found', records, ttlSeconds, authenticated: false, canonicalName };
  const nothing = { questions: 0, cacheHits: 0, coalesced: 0, sent: 0, tcp: 0, timeouts: 0, failures: 0 };
  return {
    mx: (domain) =>
      answered(() =>
        found<MxRecord>(
          (internet.domains.get(domain)?.hosts ?? []).map(({ name }, at) => ({
            preference: 10 * Math.min(at, 1),
            exchange: name,
          })),
          domain,
        ),
      ),
    addresses: (host, family) =>
      answered(() => {
        const ip = internet.named(host)?.ip;
        return found(ip === undefined || family === 6 ? [] : [ip], host);
      }),
    txt: (domain) => answered(() => found<string>([], domain)),
    flush: () => undefined,
    stats: () => ({ ...nothing, inFlight: 0, hanging: 0, waiting: 0, entries: 0 }),
    outage: undefined,
    onOutage: (_changed: (outage: Outage | undefined) => void) => undefined,
    close: () => undefined,
  };
}
