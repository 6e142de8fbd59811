// Reloads that operators wait for, on the side that passes them on to whoever holds the configuration.

import { SluiceError } from '../errors/sluice-error.ts';
import type { ReloadAnswer } from './messages.ts';

export class ReloadRequests {
  #waiting: ((answer: ReloadAnswer) => void)[] = [];

  /**
   * Asks, and resolves to the keys that were changed and need a restart.
   * @throws {SluiceError} `CONFIG_REFUSED` when the configuration from before stays in force
   */
  async ask(request: () => void): Promise<readonly string[]> {
    const answer = await new Promise<ReloadAnswer>((resolve) => {
      this.#waiting.push(resolve);
      request();
    });
    if (answer.problem === '') return answer.afterRestart;
    throw new SluiceError('CONFIG_REFUSED', answer.problem, 'The configuration from before stays in force.');
  }

  answered(answer: ReloadAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(answer);
  }
}
