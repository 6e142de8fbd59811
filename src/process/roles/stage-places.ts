// The places of each [[stage]] and [[recipients]] for its programs: one number for all listeners of a process, over reloads.

import type { StageConfig } from '../../config/stage-config.ts';
import { Places } from '../../io/places.ts';

/** What runs programs: a [[stage]], or a [[recipients]]. */
export type StageWithPlaces = Pick<StageConfig, 'name' | 'programs' | 'waiting'>;

export class StagePlaces {
  readonly #ofStages = new Map<string, Places>();

  /** With the numbers of this configuration. */
  of({ name, programs, waiting }: StageWithPlaces): Places {
    let places = this.#ofStages.get(name);
    if (places === undefined) this.#ofStages.set(name, (places = new Places(programs, waiting)));
    else places.configure(programs, waiting);
    return places;
  }
}
