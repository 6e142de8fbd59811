// The plugins of the configuration in force that are asked about outgoing mail, and told of attempts. Others ask here each time.

import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import { routeNames } from '../../settings/route-rules.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Machine } from '../ports.ts';
import { AskedRoutes } from './asked-routes.ts';
import { AttemptNews, type AttemptNewsParts } from './attempt-news.ts';
import { type DeliveryPlugin, type DeliveryPlugins, noPlugins } from './delivery-plugin.ts';
import { PluginWatch } from './plugin-watch.ts';

/** Gives the plugins of a configuration; those of an earlier one that are in it again are the same objects. */
export type OpenPlugins = (config: Config) => DeliveryPlugins;

/** What a manager is given. */
interface GivenParts {
  readonly config: Config;
  readonly machine: Pick<Machine, 'timers'>;
  readonly log: Logger;
  readonly troubles: Troubles;
  /** Undefined: there are none, whatever the configuration says. */
  readonly openPlugins?: OpenPlugins | undefined;
}

export class PluginsInForce {
  readonly asked = new AskedRoutes();
  readonly watch: PluginWatch;
  readonly news: AttemptNews;
  readonly #open: OpenPlugins | undefined;
  #plugins: DeliveryPlugins = noPlugins;
  #routeNames: ReadonlySet<string> = new Set();

  constructor(
    { config, machine: { timers }, log, troubles, openPlugins }: GivenParts,
    around: Omit<AttemptNewsParts, 'plugins' | 'timers' | 'watch'>,
  ) {
    this.#open = openPlugins;
    this.watch = new PluginWatch({ timers, log, troubles });
    this.news = new AttemptNews({
      ...around,
      plugins: () => this.#plugins.told,
      timers,
      watch: this.watch,
    });
    this.configure(config);
  }

  /** Those that are asked which way a recipient goes, in this order. */
  get routing(): readonly DeliveryPlugin[] {
    return this.#plugins.routing;
  }

  /** Names that plugins may choose. */
  get routeNames(): ReadonlySet<string> {
    return this.#routeNames;
  }

  configure(config: Config): void {
    this.#plugins = this.#open?.(config) ?? noPlugins;
    this.#routeNames = routeNames(config.route);
    this.asked.configure(this.#plugins.routing.length > 0);
    this.news.configured();
  }

  close(): void {
    this.news.close();
  }
}
