// Reports problems that the spool store finds: a log line for each, and one trouble for all, until the next start.

import type { Logger } from '../log/logger.ts';
import type { SpoolProblem } from '../spool/types.ts';
import type { Troubles } from '../stats/troubles.ts';

/** Most addresses in a log line. */
const maxAddresses = 100;

export class SpoolProblems {
  readonly #log: Logger;
  readonly #troubles: Troubles | undefined;
  readonly #counts = new Map<string, number>();

  constructor(log: Logger, troubles: Troubles | undefined) {
    this.#log = log;
    this.#troubles = troubles;
  }

  report({ kind, place, text, message }: SpoolProblem): void {
    const about =
      message === undefined
        ? {}
        : { id: message.queueId, from: message.reversePath, to: message.recipients.slice(0, maxAddresses) };
    this.#log.warn(`spool: ${text}`, { kind, place, ...about });
    if (kind === 'doubt') {
      this.#troubles?.raise(
        'damage:holds',
        'critical',
        `${text.charAt(0).toUpperCase()}${text.slice(1)}.`,
        'This stays until the next start.',
      );
      return;
    }
    const word = words[kind];
    if (word === undefined) return;
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1);
    const found = [...this.#counts].map(([what, count]) => `${what} (${count})`).join(', ');
    this.#troubles?.raise(
      'damage:spool',
      'warning',
      `The spool was found damaged since the last start: ${found}.`,
      'The log has a line for each, "sluice spool check" tells what there is now; the spool\'s folder "damaged" keeps the files. Check the disk.',
    );
  }
}

/** The words for each kind. Kinds that every crash leaves behind have none. */
const words: Partial<Record<SpoolProblem['kind'], string>> = {
  segment: 'segments',
  journal: 'the journal, so that delivered messages may be delivered again',
  index: 'indexes',
  content: 'messages',
  missing: 'missing messages',
  holds: 'the record of what is held',
  format: 'the format file',
  aside: 'files set aside',
};
