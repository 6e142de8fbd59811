// The places of each [[stage]] and [[recipients]] for its programs: one number for all listeners of a process, over reloads.

import type { StageWithPlaces } from '../../settings/configured-stages.ts';
import { Places } from '../../io/places.ts';

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
