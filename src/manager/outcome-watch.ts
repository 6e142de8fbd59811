// Pauses deliveries of a store's mail while its outcomes cannot be stored, because mail without a stored outcome is delivered
// again after the next start. Transactions in flight finish, and their outcomes wait in memory. Deliveries go on as soon as
// these are stored. Mail of other stores is not paused.

import type { Logger } from '../log/logger.ts';
import type { SpoolError } from '../spool/spool-error.ts';
import type { Troubles } from '../stats/troubles.ts';

/** Pauses grants of a store's mail for this reason; undefined: they go on. */
export type Pause = (reason: string | undefined, store: number) => void;

export class OutcomeWatch {
  readonly #log: Logger;
  readonly #troubles: Troubles;
  readonly #pause: Pause;
  readonly #queues: readonly string[];
  /** By the number of the store. */
  readonly #reasons = new Map<number, SpoolError>();

  /** @param queues - names of those beside the default one, by the number of the store and one less */
  constructor(log: Logger, troubles: Troubles, pause: Pause, queues: readonly string[] = []) {
    this.#queues = queues;
    this.#log = log;
    this.#troubles = troubles;
    this.#pause = pause;
  }

  /** Called by a store with the reason why outcomes cannot be stored; undefined when they can be again. */
  blocked(reason: SpoolError | undefined, store: number): void {
    const queue = this.#queues[store - 1];
    const suffix = queue === undefined ? '' : (`:${queue}` as const);
    const of = queue === undefined ? '' : ` of the queue ${queue}`;
    const before = this.#reasons.get(store);
    if (reason?.code === 'SPOOL_STOPPED') {
      this.#reasons.delete(store);
      this.#troubles.clear(`journal${suffix}`);
      this.#troubles.raise(
        `stopped${suffix}`,
        'warning',
        `The queue ${queue} is stopped: it takes no mail, and delivers none.`,
        `"sluice queue start --queue ${queue}" starts it.`,
      );
      this.#log.info(`the queue ${queue} is stopped`);
      this.#pause(`the queue ${queue} is stopped`, store);
      return;
    }
    this.#troubles.clear(`stopped${suffix}`);
    if (reason === undefined) {
      this.#reasons.delete(store);
      this.#troubles.clear(`journal${suffix}`);
      this.#log.info(`outcomes${of} can be stored again: deliveries go on`);
      this.#pause(undefined, store);
      return;
    }
    this.#reasons.set(store, reason);
    const text = textOf(reason);
    this.#troubles.raise(
      `journal${suffix}`,
      'critical',
      `No new delivery${of} begins, since ${text}.`,
      `${reason.advice} Deliveries go on by themselves as soon as outcomes can be stored.`,
    );
    if (before === undefined) {
      this.#log.error(`no new delivery${of} begins, since ${text}`, { code: reason.code });
    }
    this.#pause(text, store);
  }
}

function textOf({ message }: SpoolError): string {
  return `outcomes cannot be stored: ${message}`;
}
