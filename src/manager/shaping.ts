// The limits in force: the configuration's, with operators' overrides over them, within what the system can carry.
// A reload and a change of overrides both end here, so that neither undoes the other.

import type { Config } from '../config/config.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import { Tenants } from '../policy/tenants.ts';
import type { Router } from '../route/types.ts';
import { createLimitIndex } from '../schedule/limits/rule-index.ts';
import type { Scheduler, SchedulerConfig } from '../schedule/types.ts';
import { shortageText, withinCapacity } from '../settings/capacity.ts';
import { schedulerConfig } from '../settings/settings.ts';
import { capacityHere } from '../settings/system-facts.ts';
import { Explainer, type ExplainFacts } from './explain.ts';
import { LimitOperations } from './limit-operations.ts';
import { withOverrides } from './override-rules.ts';
import type { Overrides } from './overrides.ts';

export class Shaping {
  readonly #overrides: Overrides;
  #config: Config;
  #router: Router;
  #inForce: SchedulerConfig;

  constructor(overrides: Overrides, config: Config, router: Router) {
    this.#overrides = overrides;
    this.#config = config;
    this.#router = router;
    this.#inForce = this.#compute();
  }

  /** What the scheduler is to go by. */
  get inForce(): SchedulerConfig {
    return this.#inForce;
  }

  configure(config: Config, router: Router): SchedulerConfig {
    this.#config = config;
    this.#router = router;
    this.#inForce = this.#compute();
    return this.#inForce;
  }

  /** Calls back with what is in force whenever an operator changed it, or the time of a change is over. */
  onChanged(reconfigure: (config: SchedulerConfig) => void): void {
    this.#overrides.onChanged(() => {
      this.#inForce = this.#compute();
      reconfigure(this.#inForce);
    });
  }

  /** The clock was set, or is no longer in doubt: operators' overrides end earlier or later. */
  datesChanged(): void {
    this.#overrides.datesChanged();
  }

  /** Where the system carries less than the configuration asks for, in words. */
  get shortages(): readonly string[] {
    return capacityHere(this.#config).shortages.map(shortageText);
  }

  operations(scheduler: Scheduler, clock: DatedClock): LimitOperations {
    const facts = (): ExplainFacts => ({
      router: this.#router,
      routes: this.#config.route,
      queueOf: (sender) => new Tenants(this.#config.tenant).of('', sender)?.name ?? '',
      hasTenants: this.#config.tenant.length > 0,
      limits: createLimitIndex(this.#inForce.limits.rules),
      carries: {
        messagesPerConnection: {
          allowed: this.#inForce.transactionsPerConnection,
          origin: 'deliver.transactions_per_connection',
        },
        recipientsPerMessage: {
          allowed: this.#inForce.recipientsPerTransaction,
          origin: 'deliver.recipients_per_transaction',
        },
      },
      overrides: this.#overrides.list,
    });
    return new LimitOperations({
      scheduler,
      explainer: new Explainer(scheduler, facts, clock),
      nowMs: clock.nowMs,
      overrides: this.#overrides,
      router: () => this.#router,
      tenants: () => this.#config.tenant.map(({ name }) => name),
    });
  }

  /** Resolves when operators' changes under way are stored. */
  close(): Promise<void> {
    return this.#overrides.close();
  }

  #compute(): SchedulerConfig {
    const config = withOverrides(schedulerConfig(this.#config), this.#overrides.list);
    return withinCapacity(config, capacityHere(this.#config));
  }
}
