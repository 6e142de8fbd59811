// What stages that delay clients keep for all listeners of a process, and over a reload: by the name of the stage.

import type { Deadlines } from '../../io/deadlines.ts';
import { Delays } from './delays.ts';
import { PassedClients } from './passed-clients.ts';

export interface DelayState {
  readonly delays: Delays;
  readonly passed: PassedClients;
}

export class DelayStates {
  readonly #deadlines: Pick<Deadlines, 'set' | 'clear'>;
  readonly #all = new Map<string, DelayState>();

  constructor(deadlines: Pick<Deadlines, 'set' | 'clear'>) {
    this.#deadlines = deadlines;
  }

  /** @param most - clients that may wait, by this configuration */
  of(stage: string, most: number): DelayState {
    let state = this.#all.get(stage);
    if (state === undefined) {
      state = { delays: new Delays(this.#deadlines), passed: new PassedClients() };
      this.#all.set(stage, state);
    }
    state.delays.configure(most);
    return state;
  }
}
