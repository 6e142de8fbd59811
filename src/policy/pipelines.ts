// The pipelines of one listener: one for each tenant that has stages of its own, and one for all other mail. They are compiled
// once, when a configuration comes into force.

import { Pipeline } from './pipeline.ts';
import type { StageEntry } from './stage-entry.ts';
import { StageNotices } from './stage-notices.ts';
import type { StageReports } from './stage-watch.ts';

export type { StageEntry } from './stage-entry.ts';

export class Pipelines {
  /** For the points before the tenant is known, and for mail of tenants without stages of their own. */
  readonly usual: Pipeline;
  readonly entries: readonly StageEntry[];
  readonly routes: ReadonlySet<string> | undefined;
  /** Undefined when no stage wants to hear of what it is not asked about. */
  readonly notices: StageNotices | undefined;
  readonly #ofTenants = new Map<string, Pipeline>();

  /**
   * @param entries - in the order in which they are asked
   * @param routes - the names of routes that stages may choose
   */
  constructor(entries: readonly StageEntry[], watch: StageReports, routes?: ReadonlySet<string>) {
    this.entries = entries;
    this.routes = routes;
    const compile = (tenant: string | undefined) => new Pipeline(entries, tenant, watch, routes);
    this.usual = compile(undefined);
    this.notices = StageNotices.of(
      entries.map(({ stage }) => stage),
      watch,
    );
    for (const tenant of new Set(entries.flatMap(({ tenants }) => tenants ?? []))) {
      this.#ofTenants.set(tenant, compile(tenant));
    }
  }

  /** @param tenant - a name; empty for mail of no tenant */
  of(tenant: string): Pipeline {
    return this.#ofTenants.get(tenant) ?? this.usual;
  }
}
