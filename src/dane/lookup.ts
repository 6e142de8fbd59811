// Looks up the TLSA records of SMTP hosts (RFC 7672 2.2) with a resolver that validates. Promises: no TLSA question is sent for a host
// whose addresses are insecure, and a look-up that fails is never taken for "no records". All caching is the resolver's.

import type { Answer, Resolver } from '../dns/resolver.ts';
import type { DaneAnswer, DaneHost, DaneLookup } from '../values/dane-lookup.ts';
import type { TlsaRecord } from '../values/tls-policy.ts';
import { usableRecords, usages } from './usable-records.ts';
import { isIP } from '../values/ip-version.ts';

export interface DaneLookupOptions {
  /** Its answers say whether they are authenticated. */
  readonly resolver: Pick<Resolver, 'mx' | 'addresses' | 'tlsa' | 'cname'>;
  /** IP versions in which mail is sent. */
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/** Makes the look-up. It keeps nothing itself. */
export function createDaneLookup(options: DaneLookupOptions): DaneLookup {
  return { of: (host) => lookUp(options, host) };
}

/** Bases to ask for TLSA records, in order (RFC 7672 2.2.2), and the addresses that may be used. */
interface Candidates {
  readonly kind: 'candidates';
  readonly bases: readonly string[];
  /** Undefined: all. */
  readonly ips: readonly string[] | undefined;
  readonly ttlSeconds: number;
}

async function lookUp({ resolver, ipv4, ipv6 }: DaneLookupOptions, host: DaneHost): Promise<DaneAnswer> {
  // RFC 7672 2.2.1: behind insecure MX records, an attacker chooses the host.
  if (!host.isSecure) return { kind: 'none', ttlSeconds: Infinity };
  // A smarthost that is given by its address has no name that could have records.
  if (host.host.startsWith('[') || isIP(host.host) !== 0) return { kind: 'none', ttlSeconds: Infinity };
  const nextHop = host.nextHopDomain === host.host ? undefined : await resolver.mx(host.nextHopDomain);
  // RFC 7672 2.2.2: without MX records, the domain is the host; routing may have followed its CNAME.
  const name = nextHop?.kind === 'nodata' ? host.nextHopDomain : host.host;
  const families = [...(ipv4 ? [4 as const] : []), ...(ipv6 ? [6 as const] : [])];
  const answers = await Promise.all(families.map((family) => resolver.addresses(name, family)));
  const candidates = await candidatesOf(resolver, name, answers);
  if (candidates.kind !== 'candidates') return candidates;

  let { ttlSeconds } = candidates;
  for (const base of candidates.bases) {
    const answer = await resolver.tlsa(`_${host.port}._tcp.${base}`);
    // RFC 7672 2.1.2: whoever can break the look-up could otherwise take the records away.
    if (answer.kind === 'failed')
      return { kind: 'failed', reason: `TLSA records of ${base}, port ${host.port}: ${answer.reason}` };
    ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds);
    if (answer.kind !== 'found' || !answer.authenticated) continue;
    const tlsa = usableRecords(answer.records);
    const names = namesOf(tlsa, base, name, host.nextHopDomain, nextHop);
    return { kind: 'records', base, names, tlsa, ips: candidates.ips, ttlSeconds };
  }
  return { kind: 'none', ttlSeconds };
}

/** RFC 7672 2.2.2: what the addresses of a host, which are looked up first, say about where its TLSA records may be. */
async function candidatesOf(
  resolver: DaneLookupOptions['resolver'],
  name: string,
  answers: readonly Answer<string>[],
): Promise<Candidates | DaneAnswer> {
  const secure: string[] = [];
  let ttlSeconds = Infinity;
  let reason: string | undefined;
  let canonicalName: string | undefined;
  let secureName: string | undefined;
  let someInsecure = false;
  for (const answer of answers) {
    if (answer.kind === 'failed') {
      reason = answer.reason;
      continue;
    }
    ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds);
    if (answer.kind !== 'found') continue;
    canonicalName = answer.canonicalName;
    if (answer.authenticated) {
      secureName = answer.canonicalName;
      secure.push(...answer.records);
    } else {
      someInsecure = true;
    }
  }
  if (secureName !== undefined) {
    const bases = secureName === name ? [name] : [secureName, name];
    return { kind: 'candidates', bases, ips: someInsecure ? secure : undefined, ttlSeconds };
  }
  if (canonicalName === undefined) {
    return reason === undefined
      ? { kind: 'none', ttlSeconds }
      : { kind: 'failed', reason: `addresses of ${name}: ${reason}` };
  }
  // An insecure address of a name without alias is in an insecure zone, where no secure TLSA record can be. Name servers of such
  // zones are known to fail on TLSA questions, so none is asked.
  if (canonicalName === name) return { kind: 'none', ttlSeconds };
  // The alias may be in a signed zone, though its target is not: then its own zone may have the records.
  const alias = await resolver.cname(name);
  if (alias.kind === 'failed') return { kind: 'failed', reason: `CNAME of ${name}: ${alias.reason}` };
  ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
  if (!alias.authenticated) return { kind: 'none', ttlSeconds };
  return { kind: 'candidates', bases: [name], ips: undefined, ttlSeconds };
}

/** RFC 7672 3.2.2: the names that a certificate may have whose authority a record of usage 2 names. */
function namesOf(
  tlsa: readonly TlsaRecord[],
  base: string,
  name: string,
  nextHopDomain: string,
  nextHop: Answer<unknown> | undefined,
): string[] {
  if (!tlsa.some(({ usage }) => usage === usages.trustAnchor)) return [];
  const names = new Set([base, name, nextHopDomain]);
  // The end of the domain's CNAME chain, where the MX records were found.
  if (nextHop?.kind === 'found' && nextHop.authenticated) names.add(nextHop.canonicalName);
  return [...names];
}
