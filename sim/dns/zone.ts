// The data of the simulated DNS server: plain objects, one per name, with the records and the way it misbehaves.

/** What a name answers with. A name with no records at all exists, but has no data. */
export interface ZoneName {
  readonly mx?: readonly { readonly preference: number; readonly exchange: string }[];
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly txt?: readonly string[];
  /** Stands alone, as in any zone (RFC 1034 3.6.2). */
  readonly cname?: string;
  /** Seconds; the server's default if not given. */
  readonly ttl?: number;
  /**
   * `servfail`, `refused`: that code. `drop`: no answer at all. `truncate`: always cut short over UDP, whole over TCP.
   * `bare-cname`: the alias alone, as from a server that does not have the target.
   */
  readonly behaviour?: 'servfail' | 'refused' | 'drop' | 'truncate' | 'bare-cname';
  /** Record types the behaviour is limited to; all if not given. */
  readonly behaves?: readonly ZoneType[];
}

export type ZoneType = 'A' | 'AAAA' | 'MX' | 'TXT' | 'CNAME';

/** Names in lower case, without a final dot. A name that is not in it does not exist. */
export type Zone = Readonly<Record<string, ZoneName>>;
