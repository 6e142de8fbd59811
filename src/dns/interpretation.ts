// Interprets a response to its question: follows the CNAME chain (RFC 1034 3.6.2) and reads records of the wanted type. If
// there are none, it tells nodata, nxdomain and an alias of a name outside the response apart (RFC 2308 2).

import { isBelow } from '../values/domain.ts';
import { canonicalIp } from '../values/ip-address.ts';
import type { TlsaRecord } from '../values/tls-policy.ts';
import { canonicalDomain } from './domain-name.ts';
import { rcodes, type QueryType, type ResponseMessage, type ResponseRecord } from './message.ts';
import type { MxRecord } from './types.ts';
import { isIP } from '../values/ip-version.ts';

/** Reads a record of the wanted type; undefined when the record is malformed. */
export type ReadRecord<T> = (record: ResponseRecord) => T | undefined;

export type Interpretation<T> =
  | { readonly kind: 'found'; readonly records: readonly T[]; readonly ttl: number; readonly name: string }
  /** `ttl` is undefined when the response has no SOA record, which would say for how long it holds. */
  | { readonly kind: 'nodata' | 'nxdomain'; readonly ttl: number | undefined }
  /** The CNAME chain ends at `name`, whose records are not in the response: ask for them. */
  | { readonly kind: 'alias'; readonly name: string; readonly ttl: number; readonly hops: number }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Longest CNAME chain that is followed, over all responses. */
const maxAliases = 10;

/**
 * Reads a NOERROR or NXDOMAIN response to the question (`name`, `type`).
 *
 * @param hops CNAMEs followed before this question.
 */
export function interpret<T>(
  response: ResponseMessage,
  name: string,
  type: QueryType,
  read: ReadRecord<T>,
  hops: number,
): Interpretation<T> {
  let owner = name;
  let ttl = Infinity;
  let followed = hops;
  for (;;) {
    const records: T[] = [];
    let alias: string | undefined;
    let lowest = ttl;
    for (const record of response.answers) {
      // The type first: OPT has neither class nor TTL.
      if (record.type === 'OPT' || (record.type !== type && record.type !== 'CNAME')) continue;
      if (record.class !== 'IN' || canonicalDomain(record.name) !== owner) continue;
      // A question for the CNAME itself is answered by it, and nothing is followed (RFC 1034 3.6.2).
      if (record.type === 'CNAME' && type !== 'CNAME') {
        alias = canonicalDomain(record.data);
        ttl = Math.min(ttl, readTtl(record.ttl));
        continue;
      }
      const value = read(record);
      if (value === undefined) return { kind: 'unusable', reason: `a malformed ${type} record of ${owner}` };
      records.push(value);
      lowest = Math.min(lowest, readTtl(record.ttl));
    }
    if (records.length > 0) return { kind: 'found', records, ttl: lowest, name: owner };
    if (alias === undefined) break;
    if (++followed > maxAliases)
      return { kind: 'unusable', reason: `a chain of more than ${maxAliases} CNAMEs` };
    owner = alias;
  }
  return negative(response, owner, ttl, followed, followed > hops);
}

function negative(
  response: ResponseMessage,
  owner: string,
  ttl: number,
  hops: number,
  aliased: boolean,
): Interpretation<never> {
  const soa = soaTtl(response.authorities, owner);
  const negativeTtl = soa === undefined ? undefined : Math.min(soa, ttl);
  // RFC 6604 3: with a CNAME chain, the code speaks of the last name in it.
  if (response.rcode === rcodes.nxDomain) return { kind: 'nxdomain', ttl: negativeTtl };
  if (soa !== undefined) return { kind: 'nodata', ttl: negativeTtl };
  if (aliased) return { kind: 'alias', name: owner, ttl, hops };
  // RFC 2308 2.2: NS without SOA is a referral; the server does not recurse for us.
  if (response.authorities.some((record) => record.type === 'NS')) {
    return {
      kind: 'unusable',
      reason: 'a referral instead of an answer (the server does not offer recursion)',
    };
  }
  return { kind: 'nodata', ttl: undefined };
}

/** RFC 2308 5: the lower of the SOA's TTL and its MINIMUM field. */
function soaTtl(authorities: readonly ResponseRecord[], owner: string): number | undefined {
  for (const record of authorities) {
    if (record.type !== 'SOA' || record.class !== 'IN') continue;
    const zone = canonicalDomain(record.name);
    if (zone !== '.' && zone !== owner && !isBelow(owner, zone)) continue;
    return Math.min(readTtl(record.ttl), readTtl(record.data.minimum));
  }
  return undefined;
}

/** RFC 2181 8: a TTL with the top bit set is zero. */
function readTtl(ttl: number | undefined): number {
  return ttl === undefined || ttl > 0x7fff_ffff ? 0 : ttl;
}

export function readMx(record: ResponseRecord): MxRecord | undefined {
  if (record.type !== 'MX') return undefined;
  return { preference: record.data.preference ?? 0, exchange: canonicalDomain(record.data.exchange) };
}

export function readA(record: ResponseRecord): string | undefined {
  return record.type === 'A' && isIP(record.data) === 4 ? record.data : undefined;
}

export function readAaaa(record: ResponseRecord): string | undefined {
  return record.type === 'AAAA' && isIP(record.data) === 6 ? canonicalIp(record.data) : undefined;
}

export function readTxt(record: ResponseRecord): string | undefined {
  if (record.type !== 'TXT') return undefined;
  const { data } = record;
  const strings = Array.isArray(data) ? data : [data];
  return Buffer.concat(
    strings.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)),
  ).toString();
}

/** RFC 6698 2.1. Which usages, selectors and matching types mean something is for the caller to say. */
export function readTlsa(record: ResponseRecord): TlsaRecord | undefined {
  if (record.type !== 'TLSA') return undefined;
  const { usage, selector, matchingType, certificate } = record.data;
  return { usage, selector, matchingType, data: certificate.toString('hex') };
}

export function readPtr(record: ResponseRecord): string | undefined {
  return record.type === 'PTR' ? canonicalDomain(record.data) : undefined;
}

export function readCname(record: ResponseRecord): string | undefined {
  return record.type === 'CNAME' ? canonicalDomain(record.data) : undefined;
}
