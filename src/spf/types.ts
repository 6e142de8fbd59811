// The contract of this room: what is asked about a client and a domain, what is found out, and the part of the resolver
// that this takes (RFC 7208 4). The resolver's promises never reject: a failed look-up is an answer (`failed`), too.

import type { Resolver } from '../dns/types.ts';

/** RFC 7208 2.6. */
export type SpfResult = 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror';

/** The look-ups that a check needs. A time limit is the business of whoever hands it in: answers may become `failed` at any moment. */
export type SpfResolver = Pick<Resolver, 'txt' | 'addresses' | 'mx' | 'ptr'>;

/** The arguments of `check_host()` (RFC 7208 4.1), and what macros say beside them (7.2). */
export interface SpfQuery {
  /** The client's address, IPv4 or IPv6 without a zone; an IPv4-mapped one counts as IPv4. */
  readonly ip: string;
  /** The domain whose record is looked up: that of MAIL FROM, or the HELO name. In A-labels. */
  readonly domain: string;
  /** The local part of MAIL FROM; `postmaster` when there is none (RFC 7208 4.3). */
  readonly localPart: string;
  /** As the client said it in HELO or EHLO. */
  readonly helo: string;
  /** The name of this host, for the macro `r` in explanations. */
  readonly receiver: string;
  /** Seconds since 1970, for the macro `t` in explanations. */
  readonly nowSeconds: number;
}

export interface SpfVerdict {
  readonly result: SpfResult;
  /** The domain that was asked about. */
  readonly domain: string;
  /** For people: the term that decided, or what is wrong with which record. */
  readonly reason: string;
  /** What the domain says about its `fail` (RFC 7208 6.2): ASCII, and not to be trusted. */
  readonly explanation?: string;
}
