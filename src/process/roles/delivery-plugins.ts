// The plugins that the manager asks about outgoing mail: each has a thread of the manager's own, beside those in receivers. Where there is none,
// nothing of this is loaded.

import type { Config } from '../../config/config.ts';
import type { PluginStageConfig } from '../../config/stage-config.ts';
import { nodeTimers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { DeliveryPlugin, DeliveryPlugins, Told } from '../../manager/plugins/delivery-plugin.ts';
import type { PluginHost } from '../../plugin/host/plugin-host.ts';
import { deliveryStages } from '../../settings/delivery-points.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { LiveResolver } from './live-resolver.ts';
import { PluginHosts } from './plugin-hosts.ts';

/** The manager bounds what it asks at once by itself: this many questions find room in the line of a plugin. */
const leastWaiting = 1_000;

export class DeliveryPluginHosts {
  readonly #resolver: LiveResolver;
  readonly #hosts: PluginHosts;
  readonly #asked = new Map<string, AskedHost>();

  constructor(config: Config, log: Logger, troubles: Troubles) {
    this.#resolver = new LiveResolver(config);
    this.#hosts = new PluginHosts({ log, troubles, timers: nodeTimers, resolver: this.#resolver });
  }

  /** Puts a configuration in force. @returns a promise when code has to be loaded before `open` can be called */
  configure(config: Config): Promise<void> | undefined {
    this.#resolver.configure(config);
    const stage = deliveryStages(config, 'route', 'attempt').map((each) =>
      Object.assign({}, each, { waiting: Math.max(each.waiting, leastWaiting) }),
    );
    return this.#hosts.configure({ stage, spool: config.spool });
  }

  /** The plugins of a configuration that is in force here; those that stay are the same objects. */
  open(config: Config): DeliveryPlugins {
    const asked = (stages: readonly PluginStageConfig[]) => stages.map((stage) => this.#of(stage));
    const routing = asked(deliveryStages(config, 'route'));
    const told = asked(deliveryStages(config, 'attempt'));
    const kept = new Set([...routing, ...told].map(({ name }) => name));
    for (const name of this.#asked.keys()) if (!kept.has(name)) this.#asked.delete(name);
    return { routing, told };
  }

  async close(): Promise<void> {
    await this.#hosts.close();
    this.#resolver.close();
  }

  #of(stage: PluginStageConfig): AskedHost {
    const host = this.#hosts.hostOf(stage.name);
    const before = this.#asked.get(stage.name);
    const asked = before !== undefined && before.host === host ? before : new AskedHost(stage.name, host);
    asked.configure(stage);
    this.#asked.set(stage.name, asked);
    return asked;
  }
}

const gone = 'it is not used any more';

class AskedHost implements DeliveryPlugin {
  readonly name: string;
  /** Undefined when a later configuration, which comes into force now, has it not. */
  readonly host: PluginHost | undefined;
  breaker: DeliveryPlugin['breaker'];

  constructor(name: string, host: PluginHost | undefined) {
    this.name = name;
    this.host = host;
  }

  configure({ restAfter, restFor }: PluginStageConfig): void {
    this.breaker = restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor };
  }

  async route(facts: object): Promise<unknown> {
    const lack = this.#lackOf('route');
    if (lack !== undefined || this.host === undefined) throw new Error(lack ?? gone);
    return this.host.ask('route', facts);
  }

  async attempts(batch: readonly object[]): Promise<readonly Told[]> {
    const fault = this.#lackOf('attempt');
    if (fault !== undefined || this.host === undefined)
      return batch.map(() => ({ fault: fault ?? gone, wasAsked: true }));
    return this.host.askAll('attempt', batch);
  }

  #lackOf(point: 'route' | 'attempt'): string | undefined {
    const points = this.host?.points;
    if (points === undefined || points.has(point)) return undefined;
    return `it has no function "${point}", which "delivery" of its [[stage]] names`;
  }
}
