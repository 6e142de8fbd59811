// Tells people about a source of recipients that cannot tell: as a trouble until it works again, or has not failed for a while, and in
// the log, where the same failure stands once a minute at most.

import type { Deadline, Deadlines } from '../../io/deadlines.ts';
import type { Logger } from '../../log/logger.ts';
import type { TroubleLevel, Troubles } from '../../stats/troubles.ts';

const minuteMs = 60_000;

export interface SourceReportsParts {
  readonly deadlines: Pick<Deadlines, 'set' | 'clear' | 'nowMs'>;
  readonly log: Pick<Logger, 'error' | 'info'>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
}

export class SourceReports implements Deadline {
  atMs = Infinity;
  bucket = -1;
  readonly #parts: SourceReportsParts;
  readonly #name: string;
  readonly #advice: string;
  readonly #quietMs: number;
  readonly #onQuiet: () => void;
  #isFailing = false;
  #logged = '';
  #loggedAtMs = -Infinity;

  /**
   * @param name - what the source is, for the trouble `recipients:NAME`
   * @param advice - what to do about its failures
   * @param quietMs - without a failure for so long, it is over
   * @param onQuiet - is told of that
   */
  constructor(
    parts: SourceReportsParts,
    name: string,
    advice: string,
    quietMs = minuteMs,
    onQuiet: () => void = () => undefined,
  ) {
    this.#quietMs = quietMs;
    this.#onQuiet = onQuiet;
    this.#parts = parts;
    this.#name = name;
    this.#advice = advice;
  }

  /**
   * @param text - one sentence: what is wrong, and what follows from it
   * @param quietMs - for this failure
   */
  failed(text: string, level: TroubleLevel = 'critical', quietMs = this.#quietMs): void {
    const { deadlines, log, troubles } = this.#parts;
    this.#isFailing = true;
    deadlines.set(this, quietMs);
    troubles.raise(`recipients:${this.#name}`, level, text, this.#advice);
    if (text === this.#logged && deadlines.nowMs < this.#loggedAtMs + minuteMs) return;
    this.#logged = text;
    this.#loggedAtMs = deadlines.nowMs;
    log.error(`recipients by ${this.#name}: ${text}`);
  }

  worked(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#parts.deadlines.clear(this);
    this.#parts.troubles.clear(`recipients:${this.#name}`);
    this.#parts.log.info(`recipients by ${this.#name}: what was wrong is over`);
  }

  expired(): void {
    this.worked();
    this.#onQuiet();
  }

  close(): void {
    this.worked();
  }
}
