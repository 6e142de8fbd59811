// The trouble that is raised when the log cannot be written: people read it in `sluice status`, since the log cannot tell.

import type { TroubleKey } from '../stats/trouble-kinds.ts';
import type { Troubles } from '../stats/troubles.ts';

export class LogTrouble {
  readonly #name: string;
  readonly #troubles: Troubles | undefined;
  readonly #key: TroubleKey;
  readonly #advice: string;
  #isRaised = false;

  /**
   * @param name - the name of the log, for people
   * @param key - of its own where there are several logs
   * @param advice - what to do when it cannot be written
   */
  constructor(
    name: string,
    troubles: Troubles | undefined,
    key: TroubleKey = 'log',
    advice = 'Make room on its disk, or let the user that runs Sluice write there. What was kept follows by itself.',
  ) {
    this.#name = name;
    this.#key = key;
    this.#advice = advice;
    this.#troubles = troubles;
  }

  raise(reason: string, isDropping: boolean): void {
    this.#isRaised = true;
    const consequence = isDropping
      ? 'No more lines can be kept: they are dropped and counted.'
      : 'Its lines are kept in memory for now.';
    this.#troubles?.raise(
      this.#key,
      'warning',
      `The log cannot be written to ${this.#name}: ${reason}. ${consequence}`,
      this.#advice,
    );
  }

  /** The program that read standard output has ended, and no other can take its place. */
  raiseGone(): void {
    this.#troubles?.raise(
      this.#key,
      'warning',
      'Nobody reads the log any more: the program that standard output goes to has ended. Its lines are lost.',
      'Start Sluice again, with its standard output to something that lasts, or set file in [log].',
    );
  }

  clear(): void {
    if (!this.#isRaised) return;
    this.#isRaised = false;
    this.#troubles?.clear(this.#key);
  }
}
