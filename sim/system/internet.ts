// The world outside: domains and their mail exchangers. Each host has a temper; what a recipient is answered is told by its
// address, so that the books know how each has to end.

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
  /** How many transactions may be on the way on a connection to it. */
  readonly depth: number;

  constructor(name: string, ip: string, temper: Temper, isDead: boolean, depth = 1) {
    this.name = name;
    this.ip = ip;
    this.temper = temper;
    this.isDead = isDead;
    this.depth = depth;
  }

  /** With CHUNKING, messages leave without waiting for an answer to their commands: that allows more of them. */
  get hasChunking(): boolean {
    return this.depth > 2;
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
