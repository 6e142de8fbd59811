// The plugins of a process, by their stages: each has one thread, for all listeners, which stays over a reload. Where no stage is a plugin,
// nothing of this is loaded.

import { join } from 'node:path';

import type { Config } from '../../config/config.ts';
import type { PluginStageConfig } from '../../config/stage-config.ts';
import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { PluginHost } from '../../plugin/host/plugin-host.ts';
import type { PluginSettings } from '../../plugin/host/plugin-settings.ts';
import { points as sessionPoints, type Stage } from '../../policy/stage.ts';
import { inheritedVariables } from '../../settings/programs.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { LiveResolver } from './live-resolver.ts';

export interface PluginHostsParts {
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly troubles: Troubles;
  readonly timers: Timers;
  readonly resolver: Pick<LiveResolver, 'addresses' | 'txt' | 'mx' | 'ptr'>;
}

type Code = typeof import('../../plugin/host/open-host.ts') & typeof import('../../plugin/plugin-stage.ts');

export class PluginHosts {
  readonly #parts: PluginHostsParts;
  #code: Code | undefined;
  readonly #hosts = new Map<string, PluginHost>();
  #spool = '';

  constructor(parts: PluginHostsParts) {
    this.#parts = parts;
  }

  /**
   * Puts a configuration in force: plugins begin, change and end.
   * @returns a promise when code has to be loaded before `stageOf` can be called
   */
  configure(config: Pick<Config, 'stage' | 'spool'>): Promise<void> | undefined {
    const wanted = config.stage.filter((each) => each.kind === 'plugin');
    this.#spool = config.spool;
    if (wanted.length === 0 && this.#hosts.size === 0) return undefined;
    if (this.#code !== undefined) {
      this.#apply(this.#code, wanted);
      return undefined;
    }
    return Promise.all([
      import('../../plugin/host/open-host.ts'),
      import('../../plugin/plugin-stage.ts'),
    ]).then(([host, stage]) => this.#apply((this.#code = { ...host, ...stage }), wanted));
  }

  /** The stage of a plugin of the configuration in force. */
  stageOf({ name, timeLimit, onFailure, audience, restAfter, restFor }: PluginStageConfig): Stage {
    const host = this.#hosts.get(name);
    if (host === undefined || this.#code === undefined)
      throw new TypeError(`there is no plugin for the stage ${name}`);
    return new this.#code.PluginStage({
      name,
      host,
      timeLimitMs: timeLimit,
      onFailure,
      audience: audience === 'everybody' ? undefined : audience,
      breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
    });
  }

  /** The host of a plugin of the configuration in force; undefined when it has none of this name. */
  hostOf(name: string): PluginHost | undefined {
    return this.#hosts.get(name);
  }

  async close(): Promise<void> {
    const hosts = [...this.#hosts.values()];
    this.#hosts.clear();
    await Promise.all(hosts.map((host) => host.close()));
  }

  #apply(code: Code, wanted: readonly PluginStageConfig[]): void {
    for (const [name, host] of this.#hosts) {
      if (wanted.some((each) => each.name === name)) continue;
      this.#hosts.delete(name);
      void host.close();
    }
    for (const each of wanted) {
      const settings = this.#settings(each);
      const host = this.#hosts.get(each.name);
      if (host === undefined) this.#hosts.set(each.name, this.#opened(code, settings));
      else host.configure(settings);
    }
  }

  #opened(code: Code, settings: PluginSettings): PluginHost {
    const { log, troubles, timers, resolver } = this.#parts;
    return code.openPluginHost(settings, {
      log,
      troubles,
      timers,
      lookups: resolver,
      environment: inheritedVariables(),
    });
  }

  #settings({
    name,
    file,
    options,
    timeLimit,
    questions,
    waiting,
    memory,
    incoming,
  }: PluginStageConfig): PluginSettings {
    return {
      name,
      file,
      options,
      folder: join(this.#spool, 'plugins', name),
      timeLimitMs: timeLimit,
      mostQuestions: questions,
      mostWaiting: waiting,
      memoryBytes: memory,
      unasked: incoming ? undefined : sessionPoints,
    };
  }
}
