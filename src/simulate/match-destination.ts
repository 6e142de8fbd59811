// Which of the described destinations a domain belongs to.

import { DomainTable } from '../values/domain-table.ts';
import type { DestinationModel } from './destination-model.ts';
import { SimulationError } from './simulation-error.ts';

/** The first that matches: the domain itself, its longest suffix, a share of all others, the one for the rest. */
export class DestinationMatcher {
  readonly #byDomain = new DomainTable<DestinationModel>();
  readonly #byShare: DestinationModel[] = [];
  #rest: DestinationModel | undefined;
  readonly #seed: number;

  /** @throws {SimulationError} when two destinations are for the same */
  constructor(models: readonly DestinationModel[], seed: number) {
    this.#seed = seed;
    let shares = 0;
    for (const [index, model] of models.entries()) {
      const named = `destination[${index + 1}]`;
      for (const pattern of model.domain ?? []) {
        if (this.#byDomain.get(pattern) !== undefined) {
          twice(`${named} is for ${pattern.domain}, as is one before it`);
        }
        this.#byDomain.set(pattern, model);
      }
      if (model.share !== undefined) {
        shares += model.share;
        this.#byShare.push(model);
        if (shares > 1 + Number.EPSILON) twice(`with ${named} the shares are more than 1 in all`);
      } else if (model.domain === undefined) {
        if (this.#rest !== undefined) twice(`${named} has neither domain nor share, as one before it`);
        this.#rest = model;
      }
    }
  }

  /** A destination that names the domain. */
  named(domain: string): DestinationModel | undefined {
    return this.#byDomain.mostSpecific(domain);
  }

  /** For a domain that no destination names. */
  unnamed(domain: string): DestinationModel | undefined {
    let left = chanceOf(domain, this.#seed);
    for (const model of this.#byShare) {
      left -= model.share ?? 0;
      if (left < 0) return model;
    }
    return this.#rest;
  }
}

/** In [0, 1), the same for the same name and seed (FNV-1a, mixed). */
export function chanceOf(name: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}

function twice(what: string): never {
  throw new SimulationError('SIMULATION_INPUT', `Reading the destinations: ${what}.`, 'Keep one of them.');
}
