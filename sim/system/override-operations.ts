// Operators set suspensions and limits and take them back, and the books are told what was asked and answered. What failed, or
// was never answered, is taken back until that is confirmed.

import type { OverrideKind } from '../../src/control/override.ts';
import type { LimitQuantities } from '../../src/schedule/limits/types.ts';
import { formatNetwork } from '../../src/values/network.ts';
import { pick } from '../world/some-internet.ts';
import type { Operator } from './operator.ts';
import { someNetwork, someQuantities } from './some-limits.ts';
import type { Surroundings } from './surroundings.ts';

/** How long an operator waits before the next attempt. */
const againMs = 1_000;

export class OverrideOperations {
  readonly #around: Surroundings;
  readonly #takingBack = new Set<string>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** @param quantities - undefined: the target is suspended */
  async set(operator: Operator, target: string, quantities?: LimitQuantities): Promise<void> {
    const kind = quantities === undefined ? 'suspend' : 'limit';
    const request = this.#around.grants.overrides.asked(kind, target);
    try {
      await operator.set(target, quantities);
    } catch (error) {
      request.failed();
      this.#takeBackLater(operator, kind, target);
      throw error;
    }
    request.answered(quantities ?? { connections: 0 });
  }

  async unset(operator: Operator, kind: OverrideKind, target: string): Promise<void> {
    const request = this.#around.grants.overrides.asked(kind, target);
    try {
      await operator.unset(kind, target);
    } catch (error) {
      request.failed();
      this.#takeBackLater(operator, kind, target);
      throw error;
    }
    request.answered(undefined);
  }

  async limitSomething(operator: Operator): Promise<void> {
    await this.set(operator, this.#someTarget(), this.#someQuantities());
  }

  async unlimitSomething(operator: Operator): Promise<void> {
    const { limited } = this.#around.grants.overrides;
    if (limited.length > 0) await this.unset(operator, 'limit', pick(this.#around.random, limited));
  }

  #someTarget(): string {
    const { config, internet, limitBooks, random } = this.#around;
    const host = pick(random, [...internet.hosts.values()]);
    const domain = pick(random, [...internet.domains.keys()]);
    const [visit] = limitBooks.open;
    return pick(random, [
      `domain:${domain}`,
      `domain:*.${domain.slice(domain.indexOf('.') + 1)}`,
      `mx:${host.name}`,
      `ip:${host.ip}`,
      `ip:${formatNetwork(someNetwork(random, host.ip))}`,
      visit === undefined ? 'all' : `site:${visit.place.site}`,
      ...config.source.map(({ address }) => `source:${address}`),
      ...config.tenant.map(({ name }) => `tenant:${name}`),
      'all',
    ]);
  }

  #someQuantities(): LimitQuantities {
    const { connections, ...rates } = someQuantities(this.#around.random);
    return { ...rates, ...(typeof connections === 'number' && { connections }) } as LimitQuantities;
  }

  #takeBackLater(operator: Operator, kind: OverrideKind, target: string): void {
    const { clock } = this.#around;
    const name = `${kind} ${target}`;
    if (this.#takingBack.has(name)) return;
    this.#takingBack.add(name);
    clock.at(clock.nowMs + againMs, () => {
      this.#takingBack.delete(name);
      // What fails is tried again by itself.
      this.unset(operator, kind, target).catch(() => undefined);
    });
  }
}
