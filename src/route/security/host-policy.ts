// Which TLS policy one host gets, when everything that bears on it is known. The order, from the strongest:
//
// 1. The message demands it (REQUIRETLS, RFC 8689), or the configuration demands a known host (`verified`, `fingerprint`, `dane`).
// 2. The message waives what domains publish (`TLS-Required: No`, RFC 8689 5): 3 and 4 do not count.
// 3. Secure TLSA records: DANE alone decides, and nothing rescues a host that it fails (RFC 7672 2.2).
// 4. MTA-STS in mode `enforce` (RFC 8461 5).
// 5. What the configuration says, `opportunistic` where it says nothing. Its `required` also holds where 3 and 4 ask for less.

import type { DaneAnswer } from '../../values/dane-lookup.ts';
import type { HopTlsPolicy, TlsDemand, TlsLevel, TlsPolicySource } from '../../values/tls-policy.ts';
import type { TlsRule } from './tls-rules.ts';
import { isIP } from '../../values/ip-version.ts';

/** Everything that bears on the policy of one host. */
export interface HostFacts {
  /** MX host or smarthost; an address literal has brackets. */
  readonly host: string;
  /** The recipient domain, or the smarthost. */
  readonly domain: string;
  /** What the message asks for. */
  readonly demand: TlsDemand | undefined;
  /** Level of the [[route]]; undefined: it has none. */
  readonly routeLevel: TlsLevel | undefined;
  /** The [[tls]] that matches. */
  readonly rule: TlsRule | undefined;
  readonly defaultLevel: TlsLevel;
  /** A connection logs in: a password or a token goes to the host. */
  readonly logsIn?: boolean;
  /** TLS before the greeting. */
  readonly implicit: boolean;
  /** The name of the host is known for certain: DNSSEC, or the configuration names it. */
  readonly isSecure: boolean;
  /** MTA-STS of the domain: does the host fit its policy? Undefined: no policy. */
  readonly sts: { readonly mode: 'enforce' | 'testing'; readonly fits: boolean } | undefined;
  /** Undefined: not asked for. */
  readonly dane: DaneAnswer | undefined;
}

export type HostDecision =
  | {
      readonly kind: 'use';
      /** Undefined: the default. */
      readonly tls: HopTlsPolicy | undefined;
      /** The only addresses to use; undefined: all. */
      readonly ips: readonly string[] | undefined;
    }
  /** The host must not be used. `lasting`: it will not be otherwise in a while (RFC 8689 4.2.1). */
  | {
      readonly kind: 'left out';
      readonly reason: string;
      readonly lasting: boolean;
      /** Only because the domain's MTA-STS policy, in mode `enforce`, does not name it. */
      readonly byMtaSts?: true;
    };

/** Decides for one host. Pure. */
export function hostPolicy(facts: HostFacts): HostDecision {
  const configured = configuredLevel(facts);
  if (facts.demand === 'requiretls') return forRequireTls(facts, configured);
  if (configured === 'verified' || configured === 'fingerprint')
    return use(facts, configured, sourceOf(facts));
  if (configured === 'dane')
    return byDane(facts) ?? leftOut(facts, 'has no secure TLSA records, and the configuration demands DANE');
  if (facts.demand === 'tls-required-no') return use(facts, configured, waivedSource(facts));
  const dane = byDane(facts);
  if (dane !== undefined) return dane;
  if (facts.sts?.mode === 'enforce') {
    if (!facts.sts.fits)
      return { ...leftOut(facts, `is not in the MTA-STS policy of ${facts.domain}`), byMtaSts: true };
    return use(facts, 'verified', 'mta-sts');
  }
  return use(facts, configured, sourceOf(facts));
}

/** RFC 8689 4.2.1: the way to the host is secure, its certificate is verified, and it takes REQUIRETLS. */
function forRequireTls(facts: HostFacts, configured: TlsLevel): HostDecision {
  // A fingerprint in the configuration knows the host better than any name does.
  if (configured === 'fingerprint') return use(facts, 'fingerprint', 'requiretls');
  const dane = byDane(facts);
  if (dane !== undefined && (dane.kind === 'left out' || (dane.tls?.tlsa.length ?? 0) > 0)) return dane;
  if (configured === 'dane')
    return leftOut(facts, 'has no usable TLSA records, and the configuration demands DANE');
  if (facts.isSecure || facts.sts?.fits === true) return use(facts, 'verified', 'requiretls');
  const reason =
    facts.sts === undefined
      ? `cannot be trusted to be a host of ${facts.domain}: its MX records are not signed, and it has no MTA-STS policy`
      : `is not in the MTA-STS policy of ${facts.domain}`;
  return leftOut(facts, reason, true);
}

/** What the TLSA records say; undefined when there are none. */
function byDane(facts: HostFacts): HostDecision | undefined {
  const { dane } = facts;
  if (dane === undefined || dane.kind === 'none') return undefined;
  if (dane.kind === 'failed')
    return leftOut(facts, `may have TLSA records, which cannot be looked up: ${dane.reason}`);
  const tls: HopTlsPolicy = {
    ...policyOf(facts, 'dane', facts.demand === 'requiretls' ? 'requiretls' : 'dane'),
    policyDomain: dane.base,
    serverName: dane.base,
    names: dane.names,
    tlsa: dane.tlsa,
  };
  return { kind: 'use', tls, ips: dane.ips };
}

function use(facts: HostFacts, level: TlsLevel, from: TlsPolicySource): HostDecision {
  const tls = policyOf(facts, level, from);
  return { kind: 'use', tls: isDefault(tls, facts) ? undefined : tls, ips: undefined };
}

function policyOf(facts: HostFacts, level: TlsLevel, from: TlsPolicySource): HopTlsPolicy {
  const { demand, domain, host, implicit, rule } = facts;
  const name = nameOf(host);
  const names = rule !== undefined && rule.names.length > 0 ? rule.names : name === '' ? [] : [name];
  return {
    level,
    from,
    policyDomain: domain,
    // RFC 8461 4.2: the name of the host goes into the client hello.
    serverName: rule?.serverName ?? name,
    names: !takesNames(level) ? [] : from === 'mta-sts' ? [name] : names,
    fingerprints: level === 'fingerprint' ? (rule?.fingerprints ?? []) : [],
    tlsa: [],
    implicit,
    needsRequireTls: demand === 'requiretls',
    settings: rule?.settings ?? '',
  };
}

/** Levels that take any certificate log whose it is all the same. */
function takesNames(level: TlsLevel): boolean {
  return level === 'opportunistic' || level === 'required' || level === 'verified';
}

function isDefault(tls: HopTlsPolicy, { host }: HostFacts): boolean {
  return (
    tls.level === 'opportunistic' &&
    tls.serverName === nameOf(host) &&
    !tls.implicit &&
    !tls.needsRequireTls &&
    tls.settings === ''
  );
}

/**
 * What the configuration says. TLS that begins before the greeting cannot be done without. RFC 8314 4.2: where a password goes, the host is
 * verified; less has to be said by name.
 */
function configuredLevel({ defaultLevel, implicit, logsIn, routeLevel, rule }: HostFacts): TlsLevel {
  const said = routeLevel ?? (rule?.isLevelSaid === false ? undefined : rule?.level);
  const usual = rule?.level ?? defaultLevel;
  const isLess = usual === 'none' || usual === 'opportunistic' || usual === 'required';
  const level = said ?? (logsIn === true && isLess ? 'verified' : usual);
  return implicit && (level === 'none' || level === 'opportunistic') ? 'required' : level;
}

function sourceOf({ implicit, logsIn, routeLevel, rule, defaultLevel }: HostFacts): TlsPolicySource {
  const isSaid = routeLevel !== undefined || rule !== undefined || implicit || logsIn === true;
  return isSaid || defaultLevel !== 'opportunistic' ? 'configuration' : 'default';
}

/** What the configuration says counts for such messages, too; only then it is named. */
function waivedSource(facts: HostFacts): TlsPolicySource {
  const source = sourceOf(facts);
  return source === 'default' ? 'tls-required-no' : source;
}

function leftOut(
  { host }: HostFacts,
  reason: string,
  lasting = false,
): Extract<HostDecision, { readonly kind: 'left out' }> {
  return { kind: 'left out', reason: `${host} ${reason}`, lasting };
}

/** The name for the client hello and the certificate; empty for an IP address (RFC 6066 3). */
function nameOf(host: string): string {
  return host.startsWith('[') || isIP(host) !== 0 ? '' : host;
}
