// Places of a stage that tell how many sessions have come for one.

import { type PlaceAnswer, Places } from '../../src/io/places.ts';

export class WatchedPlaces extends Places {
  #came = 0;
  #left = 0;
  readonly #waiting = new Set<() => void>();

  override take(waitMs: number, signal?: AbortSignal, left?: AbortSignal): Promise<PlaceAnswer> {
    const answer = super.take(waitMs, signal, left);
    this.#came++;
    this.#changed();
    void answer.then((came) => {
      if (came !== 'gone' && came !== 'left') return;
      this.#left++;
      this.#changed();
    });
    return answer;
  }

  /** Resolves when so many have come, whether or not they got a place. */
  came(count: number): Promise<void> {
    return this.#until(() => this.#came >= count);
  }

  /** Resolves when so many have left the line before they got a place. */
  left(count: number): Promise<void> {
    return this.#until(() => this.#left >= count);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const look of waiting) look();
  }
}
