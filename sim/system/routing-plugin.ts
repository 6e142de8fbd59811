// A plugin that says which way mail goes, in one world of four: mail of some domains to one host, all other by the routing table. It answers late,
// throws, hangs and answers what is no answer, until everything is well. What it says of a domain never changes, so the books know at once when
// mail goes another way.

import {
  noPlugins,
  type DeliveryPlugin,
  type DeliveryPlugins,
  type Told,
} from '../../src/manager/plugins/delivery-plugin.ts';
import type { RouteFacts } from '../../src/plugin/delivery-types.ts';
import { Random } from '../../src/schedule/store/random.ts';
import { pick } from '../world/some-internet.ts';
import type { Internet } from './internet.ts';
import type { SimProcess } from './sim-process.ts';
import { home } from './some-mail.ts';

const often = 0.25;
/** As the time limit of its [[stage]]. */
const limitMs = 3_000;

interface World {
  readonly internet: Internet;
  /** Faults are over. */
  readonly isCalm: boolean;
}

export class RoutingPlugin {
  readonly #random: Random;
  /** By domain: the host of its mail. */
  readonly #hosts = new Map<string, string>();
  readonly #world: World;
  readonly isThere: boolean;

  constructor(seed: number, world: World) {
    // Of its own, so that it changes nothing else in a world.
    this.#random = new Random(seed ^ 0x9a17);
    this.#world = world;
    this.isThere = this.#random.next() < often;
    const { domains, hosts } = world.internet;
    for (const domain of domains.keys()) {
      if (domain !== home && this.#random.next() < 0.5)
        this.#hosts.set(domain, pick(this.#random, [...hosts.values()]).name);
    }
  }

  /** The only host to which mail for a domain may go; undefined: the routing table decides. */
  hostOf(domain: string): string | undefined {
    return this.isThere ? this.#hosts.get(domain) : undefined;
  }

  /** As it runs in the process of a manager. */
  in(process: SimProcess): DeliveryPlugins {
    if (!this.isThere) return noPlugins;
    const plugin: DeliveryPlugin = {
      name: 'router',
      breaker: { failures: 5, restMs: 2_000 },
      route: (facts) => this.#route(process, facts as RouteFacts),
      attempts: (batch) => this.#attempts(process, batch),
    };
    return { routing: [plugin], told: [plugin] };
  }

  #route(process: SimProcess, { domain }: RouteFacts): Promise<unknown> {
    const host = this.#hosts.get(domain);
    const answer = host === undefined ? { kind: 'continue' } : { kind: 'relay', hosts: [`${host}:25`] };
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const chance = this.#world.isCalm ? 1 : this.#random.next();
    const lateMs = this.#random.below(chance < 0.5 ? limitMs : 50);
    if (chance < 0.05) process.after(limitMs, () => reject(new Error('it did not answer')));
    else if (chance < 0.1) process.after(lateMs, () => reject(new Error('it threw an error')));
    else if (chance < 0.15) process.after(lateMs, () => resolve({ kind: 'route', name: 'none' }));
    else process.after(lateMs, () => resolve(answer));
    return promise;
  }

  #attempts(process: SimProcess, batch: readonly object[]): Promise<readonly Told[]> {
    const { promise, resolve } = Promise.withResolvers<readonly Told[]>();
    const wasAsked = this.#random.next() < 0.5;
    const isWell = this.#world.isCalm || this.#random.next() < 0.8;
    const told = batch.map((): Told => (isWell ? { value: undefined } : { fault: 'it failed', wasAsked }));
    process.after(this.#random.below(limitMs), () => resolve(told));
    return promise;
  }
}
