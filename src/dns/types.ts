// What the resolver is asked and what it answers: questions of this room's callers, never DNS messages.

/** A recursive name server; the address is an IP literal, IPv6 with its zone where it needs one. */
export interface NameServer {
  readonly address: string;
  readonly port: number;
}

export interface ResolverOptions {
  /** In the order of preference; see `readResolvConf`. */
  readonly servers: readonly NameServer[];
  /** Ms one server has for its answer, per try. */
  readonly timeoutMs: number;
  /** Rounds through all servers before a question fails (resolv.conf's `attempts`). */
  readonly attempts: number;
  /** Bounds of the time an answer is kept: a lower or higher TTL counts as this one. */
  readonly maxTtlSeconds: number;
  readonly minTtlSeconds: number;
  /** Upper bound of the time a negative answer is kept (RFC 2308 5). */
  readonly negativeTtlSeconds: number;
  /** Size of the cache, for all record types together; an answer counts once for every 512 bytes that it took on the wire. */
  readonly maxEntries: number;
  /** Questions on the wire at once, without those that stepped aside; the rest wait in line. */
  readonly maxInFlight: number;
  /** Ms after which a question without an answer hangs: it steps aside for one in line, and goes on. */
  readonly hangingMs: number;
  /** Questions aside at once; each is a socket, too. */
  readonly maxHanging: number;
  /** Ms on a clock that nobody sets; the monotonic one unless given. */
  readonly now?: () => number;
}

/** The records exist. */
export interface FoundAnswer<T> {
  readonly kind: 'found';
  readonly records: readonly T[];
  /** Seconds the answer may still be used: the lowest TTL of the alias chain and the records. */
  readonly ttlSeconds: number;
  /** The name server vouches for the answer by DNSSEC (AD bit, RFC 4035 3.2.3); worth what the path to it is worth. */
  readonly authenticated: boolean;
  /** Owner of the records: the name asked for, or the end of its CNAME chain. Lower case, no final dot. */
  readonly canonicalName: string;
}

/** The name exists without such records (`nodata`), or does not exist (`nxdomain`). */
export interface NegativeAnswer {
  readonly kind: 'nodata' | 'nxdomain';
  readonly ttlSeconds: number;
  readonly authenticated: boolean;
}

/** Nobody knows: ask again later. */
export interface FailedAnswer {
  readonly kind: 'failed';
  /** Nothing is known because no name server answers: see `Resolver.outage`. Not kept in any cache. */
  readonly noServer?: true;
  /** For people, e.g. `SERVFAIL from 192.0.2.53` or `no answer from 192.0.2.53 within 3000 ms`. */
  readonly reason: string;
}

export type Answer<T> = FoundAnswer<T> | NegativeAnswer | FailedAnswer;

export interface MxRecord {
  readonly preference: number;
  /** Lower case, no final dot; `.` for the root, the null MX (RFC 7505). Not checked to be a host name. */
  readonly exchange: string;
}

export interface ResolverStats {
  /** Questions asked by callers. */
  readonly questions: number;
  /** Of these, answered by the cache, or by a look-up that was under way already. */
  readonly cacheHits: number;
  readonly coalesced: number;
  /** Messages sent to name servers. */
  readonly sent: number;
  readonly tcp: number;
  readonly timeouts: number;
  /** Look-ups that ended as `failed`. */
  readonly failures: number;
  /** Questions on the wire: those that take a place, and those that stepped aside. */
  readonly inFlight: number;
  readonly hanging: number;
  readonly waiting: number;
  readonly entries: number;
}

/** No name server answers: a fault on our side. */
export interface Outage {
  /** Ms on the resolver's clock. */
  readonly sinceMs: number;
  /** For people, e.g. `192.0.2.53: no answer within 3000 ms`; of each server. */
  readonly reason: string;
}

/** None of its promises ever rejects; names are ASCII (A-labels), with or without a final dot. */
export interface Resolver {
  /** The MX records of a domain, as they are in DNS: unsorted, without any implicit MX. */
  mx(domain: string): Promise<Answer<MxRecord>>;
  /** The A (4) or AAAA (6) records of a host, in canonical text. */
  addresses(host: string, family: 4 | 6): Promise<Answer<string>>;
  /** The TXT records of a name, the character-strings of each joined without a separator (RFC 7208 3.3). */
  txt(domain: string): Promise<Answer<string>>;
  /** Forgets every answer; look-ups under way go on. */
  flush(): void;
  stats(): ResolverStats;
  /**
   * Set while no name server answers. Questions that the cache cannot answer fail at once then, with `noServer`; one probe
   * goes on until a server answers.
   */
  readonly outage: Outage | undefined;
  /** Calls back when an outage begins or ends. */
  onOutage(changed: (outage: Outage | undefined) => void): void;
  /** Ends every look-up as `failed` and closes the sockets. */
  close(): void;
}
