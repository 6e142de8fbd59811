// Gives each hop of a plan its TLS policy, and leaves out the hosts that no policy allows. A plan for which nobody asks anything about
// TLS passes through untouched.

import { createHash } from 'node:crypto';

import type { DaneAnswer, DaneLookup } from '../../values/dane-lookup.ts';
import type { HopLogin } from '../../values/hop-login.ts';
import type { StsAnswer, StsPolicies } from '../../values/sts-policies.ts';
import { tlsPolicyKey, type HopTlsPolicy, type TlsDemand, type TlsLevel } from '../../values/tls-policy.ts';
import { permanent, temporary, type Outcome } from '../outcome.ts';
import type { NextHopAddress, RelayPlan, SocketHop } from '../types.ts';
import { hostPolicy, type HostDecision } from './host-policy.ts';
import { TlsRules, type TlsRule } from './tls-rules.ts';

export interface TlsRouting {
  /** Where no rule says more. */
  readonly defaultLevel: TlsLevel;
  readonly rules: readonly TlsRule[];
  /** Undefined: MTA-STS is switched off. */
  readonly sts: StsPolicies | undefined;
  /** Told of each host that a plan could not have for its domain's MTA-STS policy in mode `enforce`: for reports. */
  readonly leftOut?: ((domain: string, host: string) => void) | undefined;
  /** Undefined: no validating resolver. */
  readonly dane: DaneLookup | undefined;
}

/** What a plan was made for. */
export interface PlanPurpose {
  /** The recipient domain; undefined for a route that many domains share. */
  readonly domain: string | undefined;
  readonly demand: TlsDemand | undefined;
  /** Level of the [[route]]. */
  readonly routeLevel: TlsLevel | undefined;
  /** The log-in at the hosts. */
  readonly login?: HopLogin | undefined;
}

/** Longest validity, in seconds, of a plan that lacks a host which could not be looked up. */
const incompleteTtlSeconds = 300;
const digestChars = 16;

/** Decides the TLS policies of plans, by what the configuration says and what domains publish. */
const opportunistic: TlsRouting = {
  defaultLevel: 'opportunistic',
  rules: [],
  sts: undefined,
  dane: undefined,
};

export class PlanSecurity {
  readonly #rules: TlsRules;
  readonly #routing: TlsRouting;

  constructor(routing: TlsRouting = opportunistic) {
    this.#routing = routing;
    this.#rules = new TlsRules(routing.rules);
  }

  /** Asks for the domain's MTA-STS policy; undefined when that does not matter. To be called before the MX are known. */
  stsOf({ domain, demand }: PlanPurpose): Promise<StsAnswer> | StsAnswer | undefined {
    const { sts } = this.#routing;
    if (sts === undefined || domain === undefined || domain.startsWith('[')) return undefined;
    return demand === 'tls-required-no' ? undefined : sts.policyOf(domain);
  }

  /** The plan with the policies of its hops. @param sts - what `stsOf` found */
  async secured(outcome: Outcome, purpose: PlanPurpose, sts: StsAnswer | undefined): Promise<Outcome> {
    const { plan } = outcome;
    if (plan.kind !== 'relay') return outcome;
    if (!this.#mattersTo(plan, purpose, sts)) {
      return sts === undefined || sts.ttlSeconds >= outcome.ttlSeconds
        ? outcome
        : { ...outcome, ttlSeconds: sts.ttlSeconds };
    }
    const ruleOf = this.#rules.forDomain(purpose.domain);
    const byServer = new Map<string, Promise<Judged>>();
    for (const hop of plan.addresses) {
      if (!canHaveTls(hop) || byServer.has(serverOf(hop))) continue;
      byServer.set(serverOf(hop), this.#judge(hop, outcome, purpose, sts, ruleOf(hop.host)));
    }
    const judged = new Map<string, Judged>();
    for (const [server, promise] of byServer) judged.set(server, await promise);
    return secureOutcome(outcome, plan, judged, sts, purpose.login);
  }

  #mattersTo({ addresses }: RelayPlan, purpose: PlanPurpose, sts: StsAnswer | undefined): boolean {
    const { dane, defaultLevel } = this.#routing;
    return (
      dane !== undefined ||
      defaultLevel !== 'opportunistic' ||
      !this.#rules.isEmpty ||
      purpose.demand === 'requiretls' ||
      purpose.routeLevel !== undefined ||
      purpose.login !== undefined ||
      sts?.kind === 'policy' ||
      addresses.some((hop) => canHaveTls(hop) && hop.tls?.implicit === true)
    );
  }

  async #judge(
    hop: SocketHop,
    { isSecure }: Outcome,
    { domain, demand, routeLevel, login }: PlanPurpose,
    sts: StsAnswer | undefined,
    rule: TlsRule | undefined,
  ): Promise<Judged> {
    const policy = sts?.kind === 'policy' && rule?.usesMtaSts !== false ? sts : undefined;
    const isKnown = domain === undefined || isSecure === true;
    const dane = await this.#daneOf(hop, domain ?? hop.host, isKnown, demand, rule);
    const decision = hostPolicy({
      host: hop.host,
      domain: domain ?? hop.host,
      demand,
      routeLevel,
      rule,
      defaultLevel: this.#routing.defaultLevel,
      logsIn: login !== undefined,
      implicit: hop.tls?.implicit === true,
      isSecure: isKnown,
      sts: policy && { mode: policy.mode, fits: this.#routing.sts?.fits(policy.mx, hop.host) === true },
      dane,
    });
    if (decision.kind === 'left out' && decision.byMtaSts === true && domain !== undefined)
      this.#routing.leftOut?.(domain, hop.host);
    return { decision, dane };
  }

  /** The host's TLSA records, where they matter. DANE is for SMTP, and an address has no records (RFC 7672 1). */
  #daneOf(
    { endpoint, host, transport }: SocketHop,
    nextHopDomain: string,
    isSecure: boolean,
    demand: TlsDemand | undefined,
    rule: TlsRule | undefined,
  ): Promise<DaneAnswer> | DaneAnswer | undefined {
    const { dane } = this.#routing;
    if (dane === undefined || !isSecure || rule?.usesDane === false) return undefined;
    if (demand === 'tls-required-no' && rule?.level !== 'dane') return undefined;
    if (transport !== 'smtp' || endpoint.kind !== 'tcp' || host.startsWith('[')) return undefined;
    return dane.of({ host, port: endpoint.port, nextHopDomain, isSecure });
  }
}

interface Judged {
  readonly decision: HostDecision;
  readonly dane: DaneAnswer | undefined;
}

function secureOutcome(
  outcome: Outcome,
  plan: RelayPlan,
  judged: ReadonlyMap<string, Judged>,
  sts: StsAnswer | undefined,
  login: HopLogin | undefined,
): Outcome {
  let { ttlSeconds } = outcome;
  if (sts !== undefined) ttlSeconds = Math.min(ttlSeconds, sts.ttlSeconds);
  const reasons: string[] = [];
  let lasting = true;
  for (const { dane, decision } of judged.values()) {
    if (dane?.kind === 'failed') ttlSeconds = Math.min(ttlSeconds, incompleteTtlSeconds);
    else if (dane !== undefined) ttlSeconds = Math.min(ttlSeconds, dane.ttlSeconds);
    if (decision.kind !== 'left out') continue;
    reasons.push(decision.reason);
    if (!decision.lasting) lasting = false;
  }
  const addresses = plan.addresses.flatMap((hop): NextHopAddress[] => securedHop(hop, judged, login));
  const published = sts?.kind === 'policy' ? sts : undefined;
  const facts =
    published !== undefined || reasons.length > 0 ? { sts: published, leftOut: reasons } : undefined;
  if (addresses.length === 0) {
    const none = nowhere(reasons, lasting, ttlSeconds);
    return { ...none, plan: { ...none.plan, ...(facts && { tlsFacts: facts }) } };
  }
  const security = securityOf(addresses, login);
  return {
    ...outcome,
    plan: { ...plan, addresses, ...(security !== '' && { security }), ...(facts && { tlsFacts: facts }) },
    ttlSeconds,
  };
}

function securedHop(
  hop: NextHopAddress,
  judged: ReadonlyMap<string, Judged>,
  login: HopLogin | undefined,
): NextHopAddress[] {
  if (!canHaveTls(hop)) return [hop];
  const decision = judged.get(serverOf(hop))?.decision;
  if (decision?.kind !== 'use' || decision.ips?.includes(hop.ip) === false) return [];
  return [{ ...hop, tls: decision.tls, ...(login !== undefined && { login }) }];
}

/** RFC 3463 X.7.5: cryptographic failure. RFC 8689 4.2.1: 5.7.30, REQUIRETLS support required. */
function nowhere(reasons: readonly string[], lasting: boolean, ttlSeconds: number): Outcome {
  const shown = reasons.slice(0, 3);
  if (reasons.length > shown.length) shown.push(`${reasons.length - shown.length} more`);
  const why = shown.length === 0 ? 'none of their addresses is secure' : shown.join('; ');
  if (lasting && reasons.length > 0) {
    return permanent(
      '5.7.30',
      `The message requires TLS (REQUIRETLS), and no host can be used: ${why}`,
      ttlSeconds,
    );
  }
  return temporary('4.7.5', `No host may be used by the TLS policy: ${why}`);
}

/** Tells plans of one site apart by the policies of their hosts and the log-in there; empty when all have the default, and no log-in. */
function securityOf(addresses: readonly NextHopAddress[], login: HopLogin | undefined): string {
  const policies = new Map<string, HopTlsPolicy>();
  for (const hop of addresses) {
    if (canHaveTls(hop) && hop.tls !== undefined) policies.set(serverOf(hop), hop.tls);
  }
  if (policies.size === 0 && login === undefined) return '';
  const lines = [...policies].map(([server, policy]) => `${server} ${tlsPolicyKey(policy)}`).sort();
  // No name of a server begins like this.
  if (login !== undefined) lines.push(`login! ${login.id}`);
  return createHash('sha256').update(lines.join('\n')).digest('base64url').slice(0, digestChars);
}

/** Nothing is encrypted on the way to a Unix-domain socket, or to a part of Sluice. */
function canHaveTls(hop: NextHopAddress): hop is SocketHop {
  return hop.transport !== 'discard' && hop.endpoint.kind === 'tcp';
}

/** A server by name and port: its addresses have one policy. */
function serverOf({ endpoint, host }: SocketHop): string {
  return endpoint.kind === 'tcp' ? `${host}:${endpoint.port}` : host;
}
