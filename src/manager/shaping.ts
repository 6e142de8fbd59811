// The limits in force: those of the configuration with operators' overrides applied, within the capacity of the system. A
// reload and a change of overrides both compute them here, so that neither undoes the other.

import type { Logins } from './logins.ts';
import type { LastHandshakes } from './last-handshakes.ts';
import type { PolicyKeeper } from '../sts/policy-keeper.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { Timers } from '../io/timers.ts';
import { Tenants } from '../policy/tenants.ts';
import { createLimitIndex } from '../schedule/limits/rule-index.ts';
import type { Scheduler, SchedulerConfig } from '../schedule/types.ts';
import { deliveryStages } from '../settings/delivery-points.ts';
import { shortageText, withinCapacity } from '../settings/capacity.ts';
import { schedulerConfig } from '../settings/settings.ts';
import { Explainer, type ExplainFacts } from './explain.ts';
import type { InForce } from './in-force.ts';
import type { OverdueWatch } from './overdue-watch.ts';
import { LimitOperations } from './limit-operations.ts';
import { withOverrides } from './override-rules.ts';
import type { Diversions } from './diversions/diversions.ts';
import type { Overrides } from './overrides.ts';
import type { PipeliningMemory } from './pipelining-memory.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import { shownReversal, shownSender } from './shown-sender.ts';
import type { RouterInForce } from './ports.ts';
import type { DomainDesk } from './provisioning/domain-desk.ts';

export interface ShapingParts {
  readonly inForce: InForce;
  readonly overrides: Overrides;
  /** Their ends move with dates, too. */
  readonly diversions?: Pick<Diversions, 'datesChanged' | 'list'>;
  /** Seed of the scheduler's random choices. */
  readonly seed: number;
}

/** What is needed to explain limits, beside the limits. */
export interface ShapingSurroundings {
  readonly scheduler: Scheduler;
  readonly routing: RouterInForce;
  readonly domains: Pick<DomainDesk, 'look'>;
  readonly handshakes: Pick<LastHandshakes, 'of'>;
  readonly logins: Pick<Logins, 'of'>;
  readonly pipelining: Pick<PipeliningMemory, 'faults' | 'service'>;
  readonly sts: Pick<PolicyKeeper, 'isOn' | 'current'>;
  readonly srs: LiveSrs;
  readonly clock: DatedClock;
  readonly timers: Timers;
  readonly overdue: Pick<OverdueWatch, 'alarmsOf'>;
}

export class Shaping {
  readonly #parts: ShapingParts;
  #limits: SchedulerConfig;

  constructor(parts: ShapingParts) {
    this.#parts = parts;
    this.#limits = this.#compute();
  }

  /** The scheduler's configuration in force. */
  get limits(): SchedulerConfig {
    return this.#limits;
  }

  /** Computes the limits again, after a change of the configuration or of overrides. */
  renew(): SchedulerConfig {
    this.#limits = this.#compute();
    return this.#limits;
  }

  /** The clock was set by this much, or is no longer in doubt: see `Overrides.datesChanged`. */
  datesChanged(byMs: number): void {
    this.#parts.overrides.datesChanged(byMs);
    this.#parts.diversions?.datesChanged(byMs);
  }

  /** Where the system carries less than the configuration asks for, in words. */
  get shortages(): readonly string[] {
    return this.#parts.inForce.capacity().shortages.map(shortageText);
  }

  operations(around: ShapingSurroundings): LimitOperations {
    const { inForce, overrides } = this.#parts;
    const { scheduler, routing, domains, handshakes, logins, sts, srs, pipelining, clock, timers, overdue } =
      around;
    const facts = (): ExplainFacts => ({
      routing,
      routes: inForce.config.route,
      routingPlugins: deliveryStages(inForce.config, 'route').map(({ name }) => name),
      tenantOf: (sender) => new Tenants(inForce.config.tenant).of('', sender)?.name ?? '',
      tenants: inForce.config.tenant.map(({ name }) => name),
      handshakes,
      logins,
      pipelining,
      sts,
      leadsTo: (address) => shownReversal(srs, address, clock.dateMs()),
      sentAs: (sender) => shownSender(srs, sender, clock.dateMs(), clock.dateMs()),
      queues: inForce.config,
      diversions: this.#parts.diversions?.list ?? [],
      recordOf: (domain) => domains.look(domain),
      limits: createLimitIndex(this.#limits.limits.rules),
      carries: {
        messagesPerConnection: {
          allowed: this.#limits.transactionsPerConnection,
          origin: 'deliver.transactions_per_connection',
        },
        recipientsPerMessage: {
          allowed: this.#limits.recipientsPerTransaction,
          origin: 'deliver.recipients_per_transaction',
        },
      },
      overrides: overrides.list,
      alarmsOf: (domain) => overdue.alarmsOf(domain),
    });
    return new LimitOperations({
      scheduler,
      explainer: new Explainer(scheduler, facts, clock, timers),
      nowMs: clock.nowMs,
      overrides,
      routing,
      tenants: () => inForce.config.tenant.map(({ name }) => name),
    });
  }

  /** Resolves when operators' changes under way are stored. */
  close(): Promise<void> {
    return this.#parts.overrides.close();
  }

  #compute(): SchedulerConfig {
    const { inForce, overrides, seed } = this.#parts;
    const config = withOverrides(schedulerConfig(inForce.config, seed), overrides.list);
    return withinCapacity(config, inForce.capacity());
  }
}
