// A plugin whose part a test plays, for a manager on virtual time, and a router with the rules of the configuration.

import { settled, type VirtualTimers } from '../../../sim/virtual-timers.ts';
import type { Config } from '../../../src/config/config.ts';
import { type DeliveryPlugin, noPlugins, type Told } from '../../../src/manager/plugins/delivery-plugin.ts';
import type { AttemptFacts, RouteFacts } from '../../../src/plugin/delivery-types.ts';
import type { Router } from '../../../src/route/types.ts';
import { routeRules } from '../../../src/settings/route-rules.ts';
import { plain } from '../assembled.ts';
import { fakeRouter } from '../../route/fake-resolver.ts';

/** A question that waits for its answer. */
export interface Asked {
  readonly facts: RouteFacts;
  answer(value: unknown): Promise<void>;
  fail(why: string): Promise<void>;
}

export class ModelPlugin implements DeliveryPlugin {
  readonly name: string;
  /** Questions without an answer, the oldest first. */
  readonly asked: Asked[] = [];
  /** All facts that it was asked with. */
  readonly facts: RouteFacts[] = [];
  readonly told: AttemptFacts[] = [];
  /** Answers at once; undefined: the test answers. */
  answer: ((facts: RouteFacts) => unknown) | undefined;
  /** What becomes of batches of attempts; undefined: all is well. */
  hear: ((batch: readonly AttemptFacts[]) => Promise<readonly Told[]>) | undefined;
  isRunning = true;
  breaker: DeliveryPlugin['breaker'];

  constructor(name = 'router') {
    this.name = name;
  }

  route(facts: object): Promise<unknown> {
    const given = facts as RouteFacts;
    this.facts.push(given);
    if (this.answer !== undefined) return Promise.resolve(this.answer(given));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const asked: Asked = {
      facts: given,
      answer: (value) => {
        this.asked.splice(this.asked.indexOf(asked), 1);
        resolve(value);
        return settled();
      },
      fail: (why) => {
        this.asked.splice(this.asked.indexOf(asked), 1);
        reject(new Error(why));
        return settled();
      },
    };
    this.asked.push(asked);
    return promise;
  }

  async attempts(batch: readonly object[]): Promise<readonly Told[]> {
    if (!this.isRunning) return batch.map(() => ({ fault: 'it does not run', wasAsked: false }));
    const given = batch as readonly AttemptFacts[];
    if (this.hear !== undefined) return this.hear(given);
    this.told.push(...given);
    return given.map(() => ({ value: undefined }));
  }
}

/** The options of a ground whose mail these plugins route, and the routes of whose configuration are real ones. */
export function routedBy(timers: VirtualTimers, ...plugins: ModelPlugin[]) {
  let isOn = true;
  return {
    timers,
    config: routed,
    routerOf: (config: Config): Router =>
      fakeRouter(names, { rules: routeRules(config), now: timers.nowMs }).router,
    openPlugins: () => (isOn ? { ...noPlugins, routing: plugins } : noPlugins),
    /** From the next reload on. */
    switchOff: () => {
      isOn = false;
    },
  };
}

const names = {
  'a.test': { mx: [[10, 'mx.a.test']] as const },
  'mx.a.test': { a: ['192.0.2.10'] },
  'b.test': { mx: [[10, 'mx.b.test']] as const },
  'mx.b.test': { a: ['192.0.2.11'] },
};

/** The options of a ground whose attempts this plugin is told. */
export function toldTo(timers: VirtualTimers, plugin: ModelPlugin) {
  return { timers, openPlugins: () => ({ ...noPlugins, told: [plugin] }) };
}

export const routed = `${plain}
[[route]]
name = "usual"
domain = ["usual.test"]
relay = ["192.0.2.1"]
[[route]]
name = "bulk"
domain = ["bulk.invalid"]
relay = ["192.0.2.2"]
`;
