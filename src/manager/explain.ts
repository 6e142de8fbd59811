// Explains mail for one address: asks the router where it goes, and the scheduler what it waits for. Asking changes nothing;
// an address without mail in the queue is explained as if it had some.

import { verpAddress } from '../address/verp-address.ts';
import { ControlError } from '../control/control-error.ts';
import type { Carried, ExplainAnswer, ExplainQuestion } from '../control/operations/explain.ts';
import type { ShownReversal, ShownSender } from '../control/operations/srs.ts';
import type { TenantCount } from '../control/operations/common.ts';
import type { Override } from '../control/override.ts';
import type { Config, RouteConfig } from '../config/config.ts';
import { parseRecipientDomain } from '../values/domain.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { ValueError } from '../values/value-error.ts';
import { refusalText } from '../message/refusal-text.ts';
import { rewritesSenders, withoutRewriting } from '../route/sender-rewriting.ts';
import { isToMx } from '../route/plan-key.ts';
import { planRefusal } from '../route/outcome.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { Timers } from '../io/timers.ts';
import type { ErrorPlan, RouteKey, RoutePlan } from '../route/types.ts';
import { isSocketHop } from '../route/next-hop.ts';
import { withoutVerp, withVerp } from '../route/verp.ts';
import type { KnownDomain } from '../policy/provisioning/provisioned-domains.ts';
import type { PolicyKeeper } from '../sts/policy-keeper.ts';
import type { Explanation } from '../schedule/limits/status.ts';
import type { LimitIndex, LimitRule } from '../schedule/limits/types.ts';
import type { Scheduler } from '../schedule/types.ts';
import { explainTls, type LatestPolicy } from './tls-explanation.ts';
import { explainLogins } from './login-explanation.ts';
import type { Logins } from './logins.ts';
import type { LastHandshakes } from './last-handshakes.ts';
import type { PipeliningMemory } from './pipelining-memory.ts';
import { explainService } from './service-explanation.ts';
import { overrideRuleId } from './override-rules.ts';
import { explainedQueue, type QueueChoices } from './explained-queue.ts';
import { eachRecipient } from './queue-walk.ts';
import { tenantCounts, TenantTally } from './tenant-counts.ts';
import { tenantUnknown } from './tenant-unknown.ts';
import { explainedWay } from './explained-way.ts';
import { describeRoute } from './route-description.ts';
import { verpFor } from './route-of.ts';
import type { RouterInForce } from './ports.ts';

/** Facts in force at the moment of the question. */
export interface ExplainFacts {
  readonly routing: RouterInForce;
  readonly routes: readonly RouteConfig[];
  /** Stages whose plugins are asked first, in this order. */
  readonly routingPlugins: readonly string[];
  /** The tenant that mail of this sender belongs to. */
  readonly tenantOf: (sender: string) => string;
  /** Names of the configured tenants. */
  readonly tenants: readonly string[];
  readonly limits: LimitIndex;
  readonly queues: Pick<Config, 'assignment' | 'queues'>;
  readonly diversions: QueueChoices['diversions'];
  /** What the record of a domain says. */
  readonly recordOf: (domain: string) => KnownDomain | Promise<KnownDomain>;
  readonly handshakes: Pick<LastHandshakes, 'of'>;
  readonly logins: Pick<Logins, 'of'>;
  readonly pipelining: Pick<PipeliningMemory, 'faults' | 'service'>;
  readonly sts: Pick<PolicyKeeper, 'isOn' | 'current'>;
  /** What becomes of a sender of mail that comes now. */
  readonly sentAs: (sender: string) => ShownSender;
  /** Where mail to an SRS address of ours goes; undefined for others. */
  readonly leadsTo: (address: string) => ShownReversal | undefined;
  /** Messages and recipients that are allowed where no limit is lower. */
  readonly carries: NonNullable<ExplainAnswer['carries']>;
  readonly overrides: readonly Override[];
  /** What makes no progress among the mail to a domain. */
  readonly alarmsOf: (domain: string) => readonly string[];
}

export class Explainer {
  readonly #scheduler: Scheduler;
  readonly #facts: () => ExplainFacts;
  readonly #clock: DatedClock;
  readonly #timers: Timers;

  constructor(scheduler: Scheduler, facts: () => ExplainFacts, clock: DatedClock, timers: Timers) {
    this.#scheduler = scheduler;
    this.#facts = facts;
    this.#clock = clock;
    this.#timers = timers;
  }

  /**
   * @throws {ControlError} `ADDRESS_INVALID` when the question names neither an address nor a domain, `TENANT_UNKNOWN` when it
   * names a tenant that is not configured and has no mail from before
   */
  async explain(question: ExplainQuestion): Promise<ExplainAnswer> {
    const { address, sender = '' } = question;
    const facts = this.#facts();
    const leadsTo = facts.leadsTo(address);
    const target = leadsTo?.kind === 'original' ? leadsTo.address : address;
    const way = await explainedWay(facts.routing, {
      reversePath: sender,
      address: `${target.includes('@') ? target.slice(0, target.lastIndexOf('@')) : 'x'}@${domainOf(target)}`,
      tenant: question.tenant ?? facts.tenantOf(sender),
      user: question.user ?? '',
    });
    const { key } = way;
    await this.#checkTenant(question.tenant, facts.tenants);
    const { tenants, byQueue } = await this.#counted(key.key, facts);
    const tenant =
      question.tenant ?? (question.sender === undefined ? largestTenant(tenants) : facts.tenantOf(sender));
    const verp = verpFor(facts.routing, key, { reversePath: sender, tenant });
    const full = withVerp(key, verp);
    const plan = way.plan ?? (await facts.routing.router.resolve(full.key));
    const explanation =
      plan.kind === 'relay'
        ? this.#scheduler.explain(full.key, key.domain, tenant, plan, this.#clock.nowMs())
        : await this.#unreachable(full, tenant, plan);
    const rules = rulesOf(explanation, facts.limits.rules);
    const alarms = facts.alarmsOf(key.domain);
    const ids = new Set(rules.map(({ id }) => id));
    return {
      address,
      sender,
      route: {
        ...(way.plan === undefined
          ? describeRoute(facts.routes, key, sender)
          : { name: '', target: '', isUnknown: true as const }),
        ...(way.table !== undefined && { table: way.table }),
        plugins: facts.routingPlugins,
      },
      ...(leadsTo !== undefined && { leadsTo }),
      ...(verp !== undefined &&
        changesSenders(plan) && { verp: verpAddress(sender, target, verp.delimiters) }),
      ...(rewritesSenders(key.key) && { sentAs: facts.sentAs(sender) }),
      refusal:
        plan.kind === 'error'
          ? { permanent: plan.permanent, reply: refusalText(planRefusal(plan)) }
          : undefined,
      validUntilMs: this.#clock.shownOf(plan.validUntilMs),
      explanation,
      ...(alarms.length > 0 && { alarms }),
      tls: explainTls(plan, facts.handshakes, this.#latestPolicy(key, plan, facts)),
      logins: explainLogins(plan, facts.logins),
      served:
        plan.kind === 'relay' ? explainService(plan, facts.pipelining, (ms) => this.#clock.shownOf(ms)) : [],
      tenants,
      ...(byQueue !== undefined && { byQueue }),
      ...(await this.#storedIn(facts, question, { tenant, address: target })),
      carries: carriesOf(explanation, facts),
      rules,
      overrides: facts.overrides.filter((each) => each.target === 'all' || ids.has(overrideRuleId(each))),
    };
  }

  /** The recipients of a route by tenant and by queue, where there are several of these. */
  async #counted(
    key: string,
    { tenants, queues }: ExplainFacts,
  ): Promise<Pick<ExplainAnswer, 'byQueue'> & { readonly tenants: TenantCount[] }> {
    const hasQueues = queues.queues.length > 0;
    if (tenants.length === 0 && !hasQueues) return { tenants: [] };
    const byTenant = new TenantTally();
    const counts = [defaultQueue, ...queues.queues.map(({ name }) => name)].map((queue) => ({
      queue,
      recipients: 0,
    }));
    await eachRecipient(this.#scheduler, this.#timers, (recipient) => {
      if (withoutVerp(recipient.route) !== key) return;
      byTenant.add(recipient);
      const count = counts[recipient.store ?? 0];
      if (count !== undefined) count.recipients++;
    });
    return {
      tenants: tenants.length > 0 ? byTenant.counts : [],
      ...(hasQueues && { byQueue: counts.filter(({ recipients }) => recipients > 0) }),
    };
  }

  async #storedIn(
    { queues, diversions, recordOf }: ExplainFacts,
    { sender = '', user = '', client, listener }: ExplainQuestion,
    { tenant, address }: { readonly tenant: string; readonly address: string },
  ): Promise<Pick<ExplainAnswer, 'storedIn'>> {
    const mail = { tenant, reversePath: sender, principal: user, client, listener };
    const recipient = address.includes('@') ? address : `x@${address}`;
    const choices = { config: queues, diversions, known: await recordOf(domainOf(recipient)) };
    const storedIn = explainedQueue(choices, mail, recipient);
    return storedIn === undefined ? {} : { storedIn };
  }

  /** Only mail to the MX of a domain goes by its policy. */
  #latestPolicy(
    { domain, key }: RouteKey,
    { validUntilMs }: RoutePlan,
    { sts }: ExplainFacts,
  ): LatestPolicy | undefined {
    if (!sts.isOn || !isToMx(withoutRewriting(key)) || domain.startsWith('[')) return undefined;
    return { known: sts.current(domain), fromMs: this.#clock.shownOf(validUntilMs) };
  }

  async #checkTenant(name: string | undefined, known: readonly string[]): Promise<void> {
    if (name === undefined || name === '' || known.includes(name)) return;
    // A tenant of before a reload may still have mail in the queue.
    const [former] = await tenantCounts(this.#scheduler, this.#timers, ({ tenant }) => tenant === name);
    if (former === undefined) throw tenantUnknown(name, known);
  }

  /** The explanation without a site: no limits apply, so it tells only which recipients wait. */
  async #unreachable({ key, domain }: RouteKey, tenant: string, plan: ErrorPlan): Promise<Explanation> {
    let next = Infinity;
    const [counted] = await tenantCounts(this.#scheduler, this.#timers, (row) => {
      if (row.route !== key || row.tenant !== tenant) return false;
      if (row.state === 'waiting') next = Math.min(next, row.nextAttemptAtMs);
      return true;
    });
    const { waiting = 0, ready = 0, active = 0 } = counted ?? {};
    return {
      route: key,
      domain,
      tenant,
      recipients: { waiting, ready, active },
      site: '',
      label: '',
      limits: [],
      places: [],
      binding: [errorPlanText(plan)],
      ...(next !== Infinity && { nextAttemptAtMs: next }),
    };
  }
}

/** May recipients have senders of their own (VERP) there? What stays on this host is told the sender as it is. */
function changesSenders(plan: RoutePlan): boolean {
  return plan.kind === 'error' || plan.addresses.some(isSocketHop);
}

function errorPlanText(plan: ErrorPlan): string {
  if (plan.waitsForDns === true) return `its mail waits for a name server, without attempts: ${plan.text}`;
  return `its mail ${plan.permanent ? 'goes back to the sender' : 'waits'}: ${refusalText(planRefusal(plan))}`;
}

/** The tenant with the most recipients. */
function largestTenant(tenants: readonly TenantCount[]): string {
  let most = { tenant: '', size: 0 };
  for (const { tenant, waiting, ready, active } of tenants) {
    const size = waiting + ready + active;
    if (size > most.size) most = { tenant, size };
  }
  return most.tenant;
}

function domainOf(address: string): string {
  try {
    const { kind, domain } = parseRecipientDomain(address.slice(address.lastIndexOf('@') + 1));
    if (kind === 'exact') return domain;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
  }
  throw new ControlError(
    'ADDRESS_INVALID',
    `"${address}" is neither a mail address nor a domain.`,
    'Write user@example.com or example.com.',
  );
}

/** How many messages a connection to the first address may carry, and how many recipients a message may have. */
function carriesOf(
  { domain, tenant, site, places }: Explanation,
  facts: ExplainFacts,
): ExplainAnswer['carries'] {
  const [place] = places;
  if (place === undefined) return undefined;
  const task = { domain, tenant };
  const at = { site, mx: place.host, ip: place.ip, source: place.source };
  const { limits, carries } = facts;
  const applied = [limits.ofTask(task), limits.ofPlace(at), limits.ofPair(task, at)];
  const least = (name: 'messagesPerConnection' | 'recipientsPerMessage'): Carried => {
    const allowed = Math.min(...applied.map((each) => each[name]));
    if (allowed >= carries[name].allowed) return carries[name];
    // Other limits with this number, which do not match here, may be among these: then all of them are told.
    const origins = limits.rules.filter((rule) => rule[name] === allowed).map((rule) => rule.origin);
    return { allowed, origin: [...new Set(origins)].join(', ') };
  };
  return {
    messagesPerConnection: least('messagesPerConnection'),
    recipientsPerMessage: least('recipientsPerMessage'),
  };
}

/** The rules that the explanation names, in the order of the configuration. */
function rulesOf({ limits, places }: Explanation, rules: readonly LimitRule[]): LimitRule[] {
  const ids = new Set([...limits, ...places.flatMap((place) => place.limits)].map((each) => each.rule));
  return rules.filter((rule) => ids.has(rule.id));
}
