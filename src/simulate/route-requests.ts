// Routes whose plans were asked for, by number: an event of the virtual clock carries numbers only.

import type { EffectOf } from '../schedule/drive.ts';
import { broken } from './simulation-error.ts';

export class RouteRequests {
  readonly #requests: EffectOf<'resolve'>[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(request: EffectOf<'resolve'>): number {
    const known = this.#numbers.get(request.route);
    if (known !== undefined) return known;
    const number = this.#requests.length;
    this.#requests.push(request);
    this.#numbers.set(request.route, number);
    return number;
  }

  at(number: number): EffectOf<'resolve'> {
    return this.#requests[number] ?? broken('a route that was not asked for');
  }
}
