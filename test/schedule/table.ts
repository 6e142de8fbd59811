// A scheduler whose test plays the manager's part by hand and looks at each effect.

import assert from 'node:assert/strict';
import { lastRefusalOf } from '../../src/message/refusal-form.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import type { ErrorPlan, NextHopAddress, RoutePlan } from '../../src/route/types.ts';
import { simpleLimits, type SimpleLimits } from '../../sim/world/simple-limits.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import { drive, type EffectHandlers } from '../../src/schedule/drive.ts';
import type {
  ConnectionEnd,
  ConnectionHandle,
  Effect,
  MessageHandle,
  NewRecipient,
  RecipientResult,
  Scheduler,
  SchedulerConfig,
} from '../../src/schedule/types.ts';
import { broken, delivered, refused } from '../refusals.ts';
import { smtpHop } from '../../src/route/next-hop.ts';

export const minute = 60_000;
export const hour = 3_600_000;
export const day = 86_400_000;
/** The table's time starts here. */
export const start = 1_700_000_000_000;

export type ConfigChange = Partial<Omit<SchedulerConfig, 'limits'>> & {
  readonly limits?: Partial<SimpleLimits>;
};

/** Round numbers and no jitter, so that tests can state exact times. */
export function configOf({ limits, ...rest }: ConfigChange = {}): SchedulerConfig {
  return {
    retryMs: [5 * minute, 10 * minute, hour],
    retryJitter: 0,
    lifetimeMs: 5 * day,
    bounceLifetimeMs: day,
    idleConnectionMs: 5_000,
    recipientsPerTransaction: 100,
    transactionsPerConnection: 100,
    addressRestMs: [minute, 2 * minute, 10 * minute],
    limits: simpleLimits({ global: 1_000, perDomain: 20, perSite: 20, perIp: 20, ...limits }),
    seed: 1,
    ...rest,
  };
}

/** A plan with these addresses, each `ip` or `ip@preference`. */
export function relay(
  site: string,
  addresses: readonly string[],
  validUntilMs = start + 30 * day,
): RoutePlan {
  const list = addresses.map((text): NextHopAddress => {
    const [ip = '', preference = '10'] = text.split('@');
    return smtpHop(`mx.${site}`, ip, 25, Number(preference));
  });
  return { kind: 'relay', site, label: `mx.${site}`, addresses: list, validUntilMs };
}

export function noRoute(
  permanent: boolean,
  validUntilMs = start + 30 * day,
): ErrorPlan & { validUntilMs: number } {
  return {
    kind: 'error',
    permanent,
    replyCode: permanent ? 556 : 451,
    enhancedStatus: permanent ? '5.1.10' : '4.4.3',
    text: permanent ? 'Recipient domain has null MX' : 'DNS server failure',
    validUntilMs,
  };
}

export type Connect = Extract<Effect, { kind: 'connect' }>;
export type Transact = Extract<Effect, { kind: 'transact' }>;

/** The scheduler, its clock, and the effects of the last call. */
export class Table {
  readonly scheduler: Scheduler;
  nowMs = start;
  /** Plans by route key, given to the scheduler as soon as it asks. */
  readonly plans = new Map<string, RoutePlan>();
  readonly #taken: Effect[] = [];
  #messages = 0;

  constructor(config: ConfigChange = {}) {
    this.scheduler = createScheduler(configOf(config), start);
  }

  /** Sets the plans of domains before the scheduler asks for them. */
  know(plans: Readonly<Record<string, RoutePlan>>): this {
    for (const [domain, plan] of Object.entries(plans)) this.plans.set(`mx:${domain}`, plan);
    return this;
  }

  /** Commits a message to these recipients' domains and returns its handle. */
  submit(domains: readonly (string | Partial<NewRecipient>)[], options: SubmitOptions = {}): MessageHandle {
    const message = this.scheduler.begin({
      queueId: options.queueId ?? `Q${String(++this.#messages).padStart(14, '0')}`,
      receivedAtMs: options.receivedAtMs ?? this.nowMs,
      nullSender: options.nullSender ?? false,
      held: options.held ?? false,
      tenant: options.tenant,
      priority: options.priority,
      store: options.store,
    });
    for (const [index, entry] of domains.entries()) {
      const change = typeof entry === 'string' ? { domain: entry } : entry;
      const domain = change.domain ?? 'example.com';
      this.scheduler.add(message, {
        recipient: index,
        route: `mx:${domain}`,
        domain,
        attempts: 0,
        nextAttemptAtMs: 0,
        lastRefusal: '',
        ...change,
      });
    }
    this.scheduler.commit(message, this.nowMs);
    return message;
  }

  /** The effects since the last call; `resolve` is answered on the way where the plan is known. */
  take(): Effect[] {
    this.#perform();
    return this.#taken.splice(0);
  }

  #perform(): void {
    const take = (effect: Effect): void => void this.#taken.push(effect);
    drive(this.scheduler, {
      connect: take,
      transact: take,
      close: take,
      visit: take,
      deferred: take,
      delivered: take,
      failed: take,
      done: take,
      resolve: (effect) => {
        const plan = this.plans.get(effect.key);
        if (plan === undefined) take(effect);
        else this.scheduler.routeResolved(effect.route, plan, this.nowMs);
      },
    });
  }

  /** The effects since the last call, which must all be `connect`. */
  connects(): Connect[] {
    const taken = this.take();
    for (const effect of taken) assert.equal(effect.kind, 'connect', JSON.stringify(effect));
    return taken as Connect[];
  }

  /** The only effect since the last call, which must be a `connect`. */
  connect(): Connect {
    const list = this.connects();
    assert.equal(list.length, 1, `${list.length} connections instead of one`);
    return list[0]!;
  }

  ready(connection: ConnectionHandle, depth = 1): this {
    this.scheduler.connectionReady(connection, this.nowMs, depth);
    return this;
  }

  /** The transactions that were granted to open connections since the last call; no other effect is looked at. */
  transacts(): Transact[] {
    return this.take().filter((effect) => effect.kind === 'transact');
  }

  /** Ends a transaction: all delivered, or with these results. */
  done(
    { connection, transaction }: Connect | Transact,
    result: 'delivered' | 'tempfail' | readonly RecipientResult[] = 'delivered',
    reusable = true,
  ): this {
    const results =
      typeof result === 'string'
        ? transaction.recipients.map((recipient) =>
            result === 'delivered' ? delivered(recipient) : refused(recipient, '450 later'),
          )
        : result;
    this.scheduler.transactionDone(connection, results, reusable, this.nowMs);
    return this;
  }

  closed(connection: ConnectionHandle, end: ConnectionEnd = { kind: 'closed' }): this {
    this.scheduler.connectionClosed(connection, end, this.nowMs);
    return this;
  }

  refused(connection: ConnectionHandle): this {
    return this.closed(connection, { kind: 'failed', refusal: broken('connection refused') });
  }

  /** Advances time, with a tick whenever the scheduler wants to be woken. */
  pass(ms: number): this {
    const end = this.nowMs + ms;
    this.#perform();
    for (let wake = this.scheduler.nextWakeMs(); wake <= end; wake = this.scheduler.nextWakeMs()) {
      this.nowMs = Math.max(this.nowMs, wake);
      this.scheduler.tick(this.nowMs);
      this.#perform();
      assert.ok(this.scheduler.nextWakeMs() > this.nowMs, 'tick leaves something undone');
    }
    this.nowMs = end;
    this.scheduler.tick(end);
    this.#perform();
    return this;
  }
}

export interface SubmitOptions {
  readonly queueId?: string;
  readonly receivedAtMs?: number;
  readonly nullSender?: boolean;
  readonly held?: boolean;
  readonly tenant?: string;
  readonly priority?: number;
  readonly store?: number;
}

/** Handlers that do nothing, for tests that look at some effects only. */
export const ignored: EffectHandlers = {
  connect: () => undefined,
  transact: () => undefined,
  close: () => undefined,
  visit: () => undefined,
  resolve: () => undefined,
  deferred: () => undefined,
  delivered: () => undefined,
  failed: () => undefined,
  done: () => undefined,
};

/** The text of an effect's refusal on one line; empty without a refusal. */
export function toldBy(effect: Effect | undefined): string {
  if (effect?.kind === 'failed') return refusalText(effect.refusal);
  const refusal = effect?.kind === 'deferred' ? lastRefusalOf(effect.refusal) : undefined;
  return refusal === undefined ? '' : refusalText(refusal);
}

/** The kinds of effects, in their order. */
export function kinds(effects: readonly Effect[]): string[] {
  return effects.map((effect) => effect.kind);
}
