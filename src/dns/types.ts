// Questions to the resolver and its answers, as callers see them: never DNS messages.

import type { TlsaRecord } from '../values/tls-policy.ts';

/** A recursive name server; the address is an IP literal, IPv6 with its zone where it needs one. */
export interface NameServer {
  readonly address: string;
  readonly port: number;
}

export interface ResolverOptions {
  /** In the order of preference; see `readResolvConf`. */
  readonly servers: readonly NameServer[];
  /** Ms that a server has for its answer, for each try. */
  readonly timeoutMs: number;
  /** Rounds through all servers before a question fails (resolv.conf's `attempts`). */
  readonly attempts: number;
  /** Bounds of the time for which an answer is cached: a lower or higher TTL is replaced by these. */
  readonly maxTtlSeconds: number;
  readonly minTtlSeconds: number;
  /** Upper bound of the time a negative answer is kept (RFC 2308 5). */
  readonly negativeTtlSeconds: number;
  /** Size of the cache, for all record types together; an answer counts once for every 512 bytes that it took on the wire. */
  readonly maxEntries: number;
  /** Most questions on the wire at once, beside those that hang; the rest wait in line. */
  readonly maxInFlight: number;
  /** Ms after which a question without an answer hangs: it goes on, and counts for `maxHanging` if another waits in line. */
  readonly hangingMs: number;
  /** Most hanging questions at once; each has a socket, too. */
  readonly maxHanging: number;
  /**
   * The servers validate by DNSSEC, and the path to them is trusted (RFC 4035 4.9.3). Then they are asked for signatures, and their AD
   * bit is believed. Otherwise no answer counts as authenticated.
   */
  readonly validating?: boolean;
  /** Ms on a monotonic clock; `performance.now` unless given. */
  readonly now?: () => number;
}

/** The records exist. */
export interface FoundAnswer<T> {
  readonly kind: 'found';
  readonly records: readonly T[];
  /** Seconds the answer may still be used: the lowest TTL of the alias chain and the records. */
  readonly ttlSeconds: number;
  /** A `validating` name server has validated the answer, with its CNAME chain, by DNSSEC (AD bit, RFC 4035 3.2.3). */
  readonly authenticated: boolean;
  /** Owner of the records: the name asked for, or the end of its CNAME chain. Lower case, no final dot. */
  readonly canonicalName: string;
}

/** The name exists without such records (`nodata`), or does not exist (`nxdomain`). */
export interface NegativeAnswer {
  readonly kind: 'nodata' | 'nxdomain';
  readonly ttlSeconds: number;
  /** It was shown by DNSSEC that there is nothing; see `FoundAnswer.authenticated`. */
  readonly authenticated: boolean;
}

/** The look-up failed, and the answer is unknown: ask again later. */
export interface FailedAnswer {
  readonly kind: 'failed';
  /** It failed because no name server answers: see `Resolver.outage`. Never cached. */
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
  /** Questions of these that the cache answered; `coalesced`: that a look-up under way answered. */
  readonly cacheHits: number;
  readonly coalesced: number;
  /** Messages sent to name servers. */
  readonly sent: number;
  readonly tcp: number;
  readonly timeouts: number;
  /** Look-ups that ended as `failed`. */
  readonly failures: number;
  /** Questions on the wire that count for `maxInFlight`; `hanging`: for `maxHanging`; `waiting`: in line. */
  readonly inFlight: number;
  readonly hanging: number;
  readonly waiting: number;
  readonly entries: number;
}

/** No name server answers: a fault on our side. */
export interface Outage {
  /** Ms on the resolver's clock. */
  readonly sinceMs: number;
  /** For people, for each server, e.g. `192.0.2.53: no answer within 3000 ms`. */
  readonly reason: string;
}

/** Its promises never reject. Names are ASCII (A-labels), with or without a final dot. */
export interface Resolver {
  /** The MX records of a domain, as they are in DNS: unsorted, without any implicit MX. */
  mx(domain: string): Promise<Answer<MxRecord>>;
  /** The A (4) or AAAA (6) records of a host, in canonical text. */
  addresses(host: string, family: 4 | 6): Promise<Answer<string>>;
  /** The TXT records of a name, the character-strings of each joined without a separator (RFC 7208 3.3). */
  txt(domain: string): Promise<Answer<string>>;
  /** The TLSA records of a name such as `_25._tcp.mx.example.com` (RFC 6698 3). */
  tlsa(name: string): Promise<Answer<TlsaRecord>>;
  /** The CNAME record of the name itself, which is not followed. */
  cname(name: string): Promise<Answer<string>>;
  /** The names of an IP address, from its PTR records (RFC 1035 3.5): lower case, no final dot. Not checked to lead back to it. */
  ptr(address: string): Promise<Answer<string>>;
  /** Empties the cache; look-ups under way go on. */
  flush(): void;
  stats(): ResolverStats;
  /**
   * Set while no name server answers. Then questions that the cache cannot answer fail at once, with `noServer`, and the
   * servers are probed until one answers.
   */
  readonly outage: Outage | undefined;
  /** Calls back when an outage begins or ends. */
  onOutage(changed: (outage: Outage | undefined) => void): void;
  /** Ends every look-up as `failed` and closes the sockets. */
  close(): void;
}
