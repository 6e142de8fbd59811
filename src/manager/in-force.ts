// The configuration in force, and the settings that parts of the manager take from it. They ask here each time, so that a
// reload is one assignment and no part uses an old configuration.

import type { BounceSettings } from '../bounce/bounce-settings.ts';
import type { Config } from '../config/config.ts';
import { type Capacity, capacityOf, demandOf, type SystemFacts } from '../settings/capacity.ts';
import type { ReportSettings } from '../reports/report-settings.ts';
import { reportSettings } from '../settings/report-settings.ts';
import { bounceSettings } from '../settings/settings.ts';

export class InForce {
  #config: Config;
  #bounce: BounceSettings;
  #reports: ReportSettings;
  readonly #facts: () => SystemFacts;

  /** @param facts - returns the current limits of the system, such as open files */
  constructor(config: Config, facts: () => SystemFacts) {
    this.#config = config;
    this.#bounce = bounceSettings(config);
    this.#reports = reportSettings(config);
    this.#facts = facts;
  }

  get config(): Config {
    return this.#config;
  }

  get bounce(): BounceSettings {
    return this.#bounce;
  }

  get reports(): ReportSettings {
    return this.#reports;
  }

  /** How many of the connections that the configuration asks for the system can carry. */
  capacity(): Capacity {
    return capacityOf(demandOf(this.#config), this.#facts());
  }

  configure(config: Config): void {
    this.#config = config;
    this.#bounce = bounceSettings(config);
    this.#reports = reportSettings(config);
  }
}
