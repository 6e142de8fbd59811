// Pauses deliveries while outcomes cannot be stored, because mail without a stored outcome is delivered again after the next
// start. Transactions in flight finish, and their outcomes wait in memory. Deliveries go on as soon as these are stored.

import type { Logger } from '../log/logger.ts';
import type { SpoolError } from '../spool/spool-error.ts';
import type { Troubles } from '../stats/troubles.ts';

/** Pauses grants for this reason; undefined: grants go on. */
export type Pause = (reason: string | undefined) => void;

export class OutcomeWatch {
  readonly #log: Logger;
  readonly #troubles: Troubles;
  readonly #pause: Pause;
  #reason: SpoolError | undefined;

  constructor(log: Logger, troubles: Troubles, pause: Pause) {
    this.#log = log;
    this.#troubles = troubles;
    this.#pause = pause;
  }

  /** Called by the journal with the reason why outcomes cannot be stored; undefined when they can be again. */
  blocked(reason: SpoolError | undefined): void {
    const before = this.#reason;
    this.#reason = reason;
    if (reason === undefined) {
      this.#troubles.clear('journal');
      this.#log.info('outcomes can be stored again: deliveries go on');
      this.#pause(undefined);
      return;
    }
    const text = textOf(reason);
    this.#troubles.raise(
      'journal',
      'critical',
      `No new delivery begins, since ${text}.`,
      `${reason.advice} Deliveries go on by themselves as soon as outcomes can be stored.`,
    );
    if (before === undefined) {
      this.#log.error(`no new delivery begins, since ${text}`, { code: reason.code });
    }
    this.#pause(text);
  }
}

function textOf({ message }: SpoolError): string {
  return `outcomes cannot be stored: ${message}`;
}
