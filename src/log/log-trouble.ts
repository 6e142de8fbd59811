// The trouble that is raised when the log cannot be written: people read it in `sluice status`, since the log cannot tell.

import type { Troubles } from '../stats/troubles.ts';

export class LogTrouble {
  readonly #name: string;
  readonly #troubles: Troubles | undefined;
  #isRaised = false;

  /** @param name - the name of the log, for people */
  constructor(name: string, troubles: Troubles | undefined) {
    this.#name = name;
    this.#troubles = troubles;
  }

  raise(reason: string, isDropping: boolean): void {
    this.#isRaised = true;
    const consequence = isDropping
      ? 'No more lines can be kept: they are dropped and counted.'
      : 'Its lines are kept in memory for now.';
    this.#troubles?.raise(
      'log',
      'warning',
      `The log cannot be written to ${this.#name}: ${reason}. ${consequence}`,
      'Make room on its disk, or let the user that runs Sluice write there. What was kept follows by itself.',
    );
  }

  /** The program that read standard output has ended, and no other can take its place. */
  raiseGone(): void {
    this.#troubles?.raise(
      'log',
      'warning',
      'Nobody reads the log any more: the program that standard output goes to has ended. Its lines are lost.',
      'Start Sluice again, with its standard output to something that lasts, or set file in [log].',
    );
  }

  clear(): void {
    if (!this.#isRaised) return;
    this.#isRaised = false;
    this.#troubles?.clear('log');
  }
}
