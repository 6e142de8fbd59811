// The router: finds the route of a recipient, and the plan of a route (where it leads at this time). Plans are cached while
// they are valid, equal questions at one time are asked once, and no promise rejects.

import type { Resolver } from '../dns/resolver.ts';
import type { TlsDemand } from '../values/tls-policy.ts';
import { RecentMap } from '../dns/recent-map.ts';
import { resolveMx, type BackupMx, type MxLookup } from './mx-resolution.ts';
import {
  datedPlan,
  neverPermanent,
  permanent,
  staticTtlSeconds,
  temporary,
  type Outcome,
  withoutRequireTls,
} from './outcome.ts';
import { canonicalDomain } from './recipient-domain.ts';
import { isOfOwnMx, isToMx, planKey } from './plan-key.ts';
import type { Alternative, RouteRule } from './route-rule.ts';
import { RouteTable } from './route-table.ts';
import { withAlternative } from './alternatives.ts';
import { withRuleEffects } from './rule-effects.ts';
import { withoutRule } from './missing-route.ts';
import { discarding } from './discarding.ts';
import { planOfWay } from './local-ways.ts';
import { resolveServers, resolveSmarthosts } from './smarthost-resolution.ts';
import { chooserOf, withoutChoice } from './choice.ts';
import { asCopy, isOfCopies, planOfCopies, withoutCopies } from './copies.ts';
import { rewritesSenders, rewritingPlan, withoutRewriting, withRewriting } from './sender-rewriting.ts';
import { demandOf, withoutDemand } from './security/demand.ts';
import { PlanSecurity, type PlanPurpose, type TlsRouting } from './security/secure-plan.ts';
import type { ErrorPlan, RouteKey, RoutePlan, Router } from './types.ts';
import { verpOf, verpPlan } from './verp.ts';

export type * from './route-rule.ts';
export type { TlsRouting } from './security/secure-plan.ts';

export interface RouterOptions {
  readonly rules: readonly RouteRule[];
  readonly resolver: Resolver;
  /** Whether this server itself listens on an address: mail must not be handed to it. `ip` is canonical text. */
  readonly isOwnAddress: (ip: string, port: number) => boolean;
  /** Host names of this server as they may stand in MX records. */
  readonly ownNames: readonly string[];
  readonly backup?: BackupMx | undefined;
  /** Whether addresses of this IP version are used. */
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Port of MX hosts: 25, but for tests. */
  readonly smtpPort: number;
  /** TLS with the hosts; none: opportunistic with all of them. */
  readonly tls?: TlsRouting | undefined;
  /** Smarthosts behind the MX hosts of every domain that no rule gives others; none: an empty list. */
  readonly fallback?: Alternative | undefined;
  /** In [0, 1): the order among equals. */
  readonly random: () => number;
  /** Unix ms. */
  readonly now?: () => number;
}

/** Most plans that are cached. */
const maxPlans = 20_000;

class TableRouter implements Router {
  readonly #table: RouteTable;
  readonly #lookup: MxLookup;
  readonly #security: PlanSecurity;
  readonly #fallback: readonly Alternative[];
  readonly #now: () => number;
  readonly #plans = new RecentMap<string, RoutePlan>(maxPlans);
  readonly #underWay = new Map<string, Promise<RoutePlan>>();

  constructor(options: RouterOptions) {
    this.#table = new RouteTable(options.rules);
    this.#lookup = { ...options, ownNames: new Set(options.ownNames.map(canonicalDomain)) };
    this.#security = new PlanSecurity(options.tls);
    this.#fallback = options.fallback === undefined ? [] : [options.fallback];
    this.#now = options.now ?? Date.now;
  }

  routeOf(reversePath: string, recipient: string): RouteKey {
    return this.#table.routeOf(reversePath, recipient);
  }

  routeOfCanonical(reversePath: string, domain: string): RouteKey {
    return this.#table.routeOfCanonical(reversePath, domain);
  }

  routeNamed(name: string, reversePath: string, recipient: string): RouteKey {
    return this.#table.routeNamed(name, reversePath, recipient);
  }

  routePastHolds(reversePath: string, recipient: string): RouteKey {
    return this.#table.pastHolds.routeOf(reversePath, recipient);
  }

  ruleNameFor(reversePath: string, recipient: string): string {
    return this.#table.ruleFor(reversePath, recipient)?.name ?? '';
  }

  get looksAtSenders(): boolean {
    return this.#table.looksAtSenders;
  }

  cached(key: string, nowMs: number): RoutePlan | undefined {
    const plan = this.#plans.get(this.#planOf(key));
    return plan !== undefined && plan.validUntilMs > nowMs ? plan : undefined;
  }

  resolve(key: string): Promise<RoutePlan> {
    const cached = this.cached(key, this.#now());
    if (cached !== undefined) return Promise.resolve(cached);
    const plan = this.#planOf(key);
    const underWay = this.#underWay.get(plan);
    if (underWay !== undefined) return underWay;
    const lookup = this.#resolve(plan);
    this.#underWay.set(plan, lookup);
    return lookup;
  }

  /**
   * The part of a route key that decides its plan: the domain only for MX. What the message asks for about TLS stays, and who chose the
   * route does not matter.
   */
  #planOf(key: string): string {
    const bare = withoutDemand(key);
    if (chooserOf(bare) !== undefined)
      return key.slice(0, -bare.length) + this.#chosenPlanOf(withoutChoice(bare));
    if (bare === key) return this.#barePlanOf(key);
    return key.slice(0, key.length - bare.length) + this.#barePlanOf(bare);
  }

  /** A choice that the table does not have any more is no other rule's: that mail waits until it is looked up anew. */
  #chosenPlanOf(key: string): string {
    const plain = withoutRewriting(withoutCopies(key));
    const mark = key.slice(0, key.length - plain.length);
    if (isToMx(plain)) return key;
    return mark + plain.slice(0, plain.indexOf(':'));
  }

  #barePlanOf(key: string): string {
    if (isOfCopies(key)) return asCopy({ key: this.#plainPlanOf(withoutCopies(key)), domain: '' }).key;
    return rewritesSenders(key)
      ? withRewriting(this.#plainPlanOf(withoutRewriting(key)))
      : this.#plainPlanOf(key);
  }

  #plainPlanOf(key: string): string {
    if (key.startsWith('mx:')) return key;
    const colon = key.indexOf(':');
    if (colon === -1) return key;
    const plan = key.slice(0, colon);
    if (this.#table.rule(plan) !== undefined) return isOfOwnMx(plan) ? key : plan;
    // A key of an earlier table, for mail that has not been moved yet: it takes the rule that its domain has now, so that a
    // change of a rule's target costs it no attempt. Where senders decide, or no rule is left, it waits until it is moved.
    // Whether its senders are rewritten stays as it was until then.
    const { key: found } = this.#table.routeOfDomain(key.slice(colon + 1)) ?? {};
    const present = found === undefined ? undefined : withoutRewriting(found);
    if (present !== undefined && isOfOwnMx(present)) return present;
    return present === undefined || present.startsWith('mx:') ? plan : present.slice(0, present.indexOf(':'));
  }

  async #resolve(plan: string): Promise<RoutePlan> {
    const outcome = await this.#lookUp(plan).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      return temporary('4.3.0', `Routing ${plan} failed: ${reason}`);
    });
    const dated = datedPlan(outcome, this.#now());
    this.#underWay.delete(plan);
    if (this.#waitsForDns(dated)) return { ...dated, waitsForDns: true };
    this.#plans.set(plan, dated);
    return dated;
  }

  async #lookUp(plan: string): Promise<Outcome> {
    const bare = withoutDemand(plan);
    const verp = verpOf(plan);
    const outcome = await this.#lookUpBare(bare, plan);
    return verp === undefined ? outcome : verpPlan(outcome, verp);
  }

  async #lookUpBare(bare: string, plan: string): Promise<Outcome> {
    const outcome = await this.#lookUpPlain(withoutRewriting(withoutCopies(bare)), demandOf(plan));
    if (isOfCopies(bare)) return planOfCopies(outcome);
    return rewritesSenders(bare) ? rewritingPlan(outcome) : outcome;
  }

  async #lookUpPlain(plan: string, demand: TlsDemand | undefined): Promise<Outcome> {
    const domain = plan.slice(plan.indexOf(':') + 1);
    if (plan.startsWith('mx:'))
      return this.#orElse(this.#mxOf(domain, demand), this.#behindMxOf(domain), '', demand);
    const rule = this.#table.rule(isOfOwnMx(plan) ? plan.slice(0, plan.indexOf(':')) : plan);
    if (rule === undefined) return withoutRule(plan);
    const isMx = rule.target.kind === 'mx';
    const first = isMx ? this.#mxOf(domain, demand) : this.#ofRule(rule, demand);
    const { name, otherwise = isMx ? this.#behindMxOf(domain) : [] } = rule;
    return withRuleEffects(await this.#orElse(first, otherwise, name, demand), rule);
  }

  /** A backup MX keeps mail for its primary server: other hosts, which are for all domains, would only hand it back. */
  #behindMxOf(domain: string): readonly Alternative[] {
    return this.#lookup.backup?.has(domain) === true ? [] : this.#fallback;
  }

  #mxOf(domain: string, demand: TlsDemand | undefined): Promise<Outcome> {
    return this.#secured({ domain, demand, routeLevel: undefined }, resolveMx(this.#lookup, domain));
  }

  /** The plan with hosts behind it that are used while its own cannot be reached. */
  async #orElse(
    looked: Promise<Outcome>,
    others: readonly Alternative[],
    name: string,
    demand: TlsDemand | undefined,
  ): Promise<Outcome> {
    let outcome = await looked;
    for (const target of others)
      outcome = withAlternative(outcome, await this.#relayTo(target, name, demand));
    return outcome;
  }

  #relayTo(
    { hosts, login, mode, tls }: Alternative,
    name: string,
    demand: TlsDemand | undefined,
  ): Promise<Outcome> {
    const outcome = resolveSmarthosts(this.#lookup, name, hosts, mode);
    return this.#secured({ domain: undefined, demand, routeLevel: tls, login }, outcome);
  }

  async #ofRule(rule: RouteRule, demand: TlsDemand | undefined): Promise<Outcome> {
    switch (rule.target.kind) {
      case 'smarthost':
        return this.#relayTo(rule.target, rule.name, demand);
      case 'lmtp': {
        // RFC 8689 4.2.1 is about relaying: here the message is delivered.
        const { servers, mode, tls } = rule.target;
        const outcome = resolveServers(this.#lookup, 'lmtp', rule.name, servers, mode);
        return this.#secured({ domain: undefined, demand: undefined, routeLevel: tls }, outcome);
      }
      case 'qmqp':
      case 'qmtp': {
        const { kind, servers, mode, tls } = rule.target;
        if (demand === 'requiretls') return withoutRequireTls(kind);
        const outcome = resolveServers(this.#lookup, kind, rule.name, servers, mode);
        return this.#secured({ domain: undefined, demand, routeLevel: tls }, outcome);
      }
      case 'mx-of': {
        const { domain, port = this.#lookup.smtpPort } = rule.target;
        const outcome = resolveMx({ ...this.#lookup, smtpPort: port }, domain).then(neverPermanent);
        return this.#secured({ domain, demand, routeLevel: undefined }, outcome);
      }
      case 'discard':
        return discarding;
      case 'pipe':
      case 'archive':
      case 'mailbox':
      case 'local':
      case 'redirect':
      case 'hold':
        return planOfWay(rule, rule.target);
      case 'error': {
        const { replyCode, enhancedStatus, text } = rule.target;
        if (replyCode >= 500) return permanent(enhancedStatus, text, staticTtlSeconds, replyCode);
        const plan = { kind: 'error', permanent: false, replyCode, enhancedStatus, text } as const;
        return { plan, ttlSeconds: staticTtlSeconds };
      }
      case 'mx':
        return withoutRule(planKey(rule));
    }
  }

  /** Adds the TLS policies. What the domain publishes is asked for beside its MX records. */
  async #secured(purpose: PlanPurpose, looked: Promise<Outcome>): Promise<Outcome> {
    const sts = this.#security.stsOf(purpose);
    const outcome = await looked;
    return this.#security.secured(outcome, purpose, sts instanceof Promise ? await sts : sts);
  }

  /** Whether the plan failed because no name server answers. Status X.4.3 marks a failed look-up (RFC 3463 3.5). */
  #waitsForDns(plan: RoutePlan): plan is RoutePlan & ErrorPlan {
    const { outage } = this.#lookup.resolver;
    return (
      outage !== undefined && plan.kind === 'error' && !plan.permanent && plan.enhancedStatus === '4.4.3'
    );
  }
}

/**
 * Makes a router. The first of these that matches a recipient decides; the order of the rules does not matter:
 * 1. a rule for exactly the recipient's domain,
 * 2. the longest `*.suffix` that the domain is below (`*.example.com` does not match example.com),
 * 3. a rule for the sender's whole address, then its domain, then the longest `*.suffix` of that,
 * 4. the default, and without one, the domain's MX.
 *
 * @throws RouteTableError when the rules cannot be understood or contradict each other
 */
export function createRouter(options: RouterOptions): Router {
  return new TableRouter(options);
}
