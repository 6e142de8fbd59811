// The data of the simulated DNS server: plain objects, one per name, with its records and its faults.

/** The records of a name. A name without records exists, but has no data. */
export interface ZoneName {
  readonly mx?: readonly { readonly preference: number; readonly exchange: string }[];
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly txt?: readonly string[];
  readonly tlsa?: readonly {
    readonly usage: number;
    readonly selector: number;
    readonly matchingType: number;
    /** Hex. */
    readonly data: string;
  }[];
  readonly ptr?: readonly string[];
  /** A name with a CNAME has no other records (RFC 1034 3.6.2). */
  readonly cname?: string;
  /** Is the name in a signed zone? An answer has the AD bit if all names of its chain are. As the server says if not given. */
  readonly signed?: boolean;
  /** Seconds; the server's default if not given. */
  readonly ttl?: number;
  /**
   * `servfail`, `refused`: answers with that code. `drop`: does not answer. `truncate`: always truncated over UDP, complete
   * over TCP. `bare-cname`: answers with the CNAME alone, as a server does that does not have the target.
   */
  readonly behaviour?: 'servfail' | 'refused' | 'drop' | 'truncate' | 'bare-cname';
  /** Record types that `behaviour` applies to; all if not given. */
  readonly behaviourTypes?: readonly ZoneType[];
}

export type ZoneType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'CNAME' | 'TLSA' | 'PTR';

/** By name in lower case, without a final dot. A name that is not in the zone does not exist. */
export type Zone = Readonly<Record<string, ZoneName>>;
