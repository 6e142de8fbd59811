// While outcomes cannot be stored nothing more is delivered: it would be delivered again after the next start. What is
// in flight finishes, its outcomes wait in memory, and everything goes on by itself as soon as they are stored.

import type { Logger } from '../log/logger.ts';
import type { SpoolError } from '../spool/spool-error.ts';
import type { Troubles } from '../stats/troubles.ts';

/** Pauses grants for a reason; goes on without one. */
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

  /** The journal's word: why outcomes cannot be stored, or nothing when they can. */
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
