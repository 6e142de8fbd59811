// Reloads that operators wait for. The control role passes them to the supervisor, which reads the configuration. Promises:
// each is answered, or refused when the supervisor does not send its pings any more.

import { SluiceError } from '../../errors/sluice-error.ts';
import { Heartbeat, beatEveryMs } from '../watch/heartbeat.ts';
import type { Reloaded } from '../../control/operations/reload.ts';
import type { ReloadAnswer } from '../../channel/messages.ts';

interface PendingReload {
  readonly resolve: (answer: ReloadAnswer) => void;
  readonly reject: (error: Error) => void;
}

export class ReloadRequests {
  #waiting: PendingReload[] = [];
  readonly #isWatched: boolean;
  #heartbeat = new Heartbeat();
  #timer: NodeJS.Timeout | undefined;

  /** @param isWatched - the answer comes from a supervisor, whose pings are told to `supervisorLives` once a second */
  constructor({ isWatched = false } = {}) {
    this.#isWatched = isWatched;
  }

  /**
   * Asks for a reload; resolves to the file that was read and the changed keys that need a restart.
   * @param request - sends the request; called once
   * @throws {SluiceError} `CONFIG_REFUSED` when the earlier configuration stays in force; `SUPERVISOR_SILENT` without an answer
   */
  async ask(request: () => void): Promise<Reloaded> {
    const answer = await new Promise<ReloadAnswer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#isWatched) this.#timer ??= setInterval(() => this.#beat(), beatEveryMs);
      request();
    });
    const { problem, afterRestart, notOpen, file, warnings } = answer;
    if (problem === '') return { afterRestart, notOpen, file, ...(warnings !== undefined && { warnings }) };
    throw new SluiceError('CONFIG_REFUSED', problem, 'The configuration from before stays in force.');
  }

  answered(answer: ReloadAnswer): void {
    for (const { resolve } of this.#takeWaiting()) resolve(answer);
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
      'Look with "ps" for processes in state T or D. When the supervisor goes on, it reads the configuration.',
    );
    for (const { reject } of this.#takeWaiting()) reject(error);
  }

  #takeWaiting(): readonly PendingReload[] {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#heartbeat = new Heartbeat();
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
