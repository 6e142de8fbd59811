// Reloads that operators wait for, on the side that passes them on to whoever holds the configuration. Promises: each is
// answered, or refused when the supervisor gives no sign of life.

import { SluiceError } from '../../errors/sluice-error.ts';
import { Heartbeat, beatEveryMs } from '../watch/heartbeat.ts';
import type { Reloaded } from '../../control/control-protocol.ts';
import type { ReloadAnswer } from '../../channel/messages.ts';

interface Settle {
  readonly resolve: (answer: ReloadAnswer) => void;
  readonly reject: (error: Error) => void;
}

export class ReloadRequests {
  #waiting: Settle[] = [];
  readonly #isWatched: boolean;
  #heartbeat = new Heartbeat();
  #timer: NodeJS.Timeout | undefined;

  /** @param isWatched - a supervisor answers, and `supervisorLives` is called once a second while it lives */
  constructor({ isWatched = false } = {}) {
    this.#isWatched = isWatched;
  }

  /**
   * Asks, and resolves to what was read, and the keys that were changed and need a restart.
   * @throws {SluiceError} `CONFIG_REFUSED` when the configuration from before stays in force; `SUPERVISOR_SILENT`
   */
  async ask(request: () => void): Promise<Reloaded> {
    const answer = await new Promise<ReloadAnswer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#isWatched) this.#timer ??= setInterval(() => this.#beat(), beatEveryMs);
      request();
    });
    const { problem, afterRestart, file } = answer;
    if (problem === '') return { afterRestart, file };
    throw new SluiceError('CONFIG_REFUSED', problem, 'The configuration from before stays in force.');
  }

  answered(answer: ReloadAnswer): void {
    for (const { resolve } of this.#taken()) resolve(answer);
  }

  supervisorLives(): void {
    this.#heartbeat.answered();
  }

  #beat(): void {
    this.#heartbeat.beat();
    if (!this.#heartbeat.isStalled) return;
    const error = new SluiceError(
      'SUPERVISOR_SILENT',
      'The supervisor of Sluice does not answer: it is stopped, or the machine is overloaded.',
      'See "ps" for processes in state T or D. The configuration is read again when it goes on.',
    );
    for (const { reject } of this.#taken()) reject(error);
  }

  #taken(): readonly Settle[] {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#heartbeat = new Heartbeat();
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
