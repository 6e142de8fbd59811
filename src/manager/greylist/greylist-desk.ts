// Greylisting for all receivers: hands their questions, and those of operators, to the thread that has the database, in the spool's folder. The thread
// is started by the first question. Promises: the database is swept once a minute while it is in use, so that it stays within its bounds.

import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { GreylistStageConfig } from '../../config/stage-config.ts';
import type { DatedClock } from '../../io/steady-clock.ts';
import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { GreylistAnswer, GreylistMemory, GreylistQuestion } from '../../policy/greylist/types.ts';
import { GreylistAnswers } from './greylist-answers.ts';
import { GreylistThread, type Thread } from './greylist-thread.ts';
import { sweptAtOnce } from './messages.ts';

const sweptEveryMs = 60_000;

export interface GreylistDeskParts {
  readonly timers: Timers;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly clock: Pick<DatedClock, 'nowMs' | 'shownOf'>;
  readonly startThread?: (() => Thread) | undefined;
}

export class GreylistDesk implements GreylistMemory {
  readonly answers: GreylistAnswers;
  readonly #thread: GreylistThread;
  readonly #timers: Timers;
  #sweptAtMs = -Infinity;
  #config: Config;

  constructor(config: Config, { timers, log, clock, startThread }: GreylistDeskParts) {
    this.#config = config;
    this.#timers = timers;
    this.#thread = new GreylistThread({
      path: join(config.spool, 'greylist.sqlite'),
      timers,
      nowMs: () => clock.nowMs(),
      log,
      start: startThread,
    });
    this.answers = new GreylistAnswers({
      thread: this.#thread,
      clock,
      log,
      stages: () => greylistStages(this.#config),
    });
  }

  configure(config: Config): void {
    this.#config = config;
  }

  async greylist(question: GreylistQuestion): Promise<GreylistAnswer> {
    const result = await this.#thread.carryOut({ kind: 'attempt', question });
    this.#sweep();
    if (typeof result === 'string') return { kind: 'failing', reason: result };
    return result.kind === 'answer'
      ? result.answer
      : { kind: 'failing', reason: 'its database answers something else' };
  }

  /** Resolves when what was asked is answered. */
  close(): Promise<void> {
    return this.#thread.close();
  }

  #sweep(): void {
    const nowMs = this.#timers.nowMs();
    if (nowMs < this.#sweptAtMs + sweptEveryMs) return;
    this.#sweptAtMs = nowMs;
    void this.#sweepAll();
  }

  async #sweepAll(): Promise<void> {
    // All stages share the database.
    const mostEntries = greylistStages(this.#config).reduce((sum, { entries }) => sum + entries, 0);
    for (;;) {
      const result = await this.#thread.carryOut({ kind: 'sweep', mostEntries });
      if (typeof result === 'string' || result.kind !== 'done' || result.changed < sweptAtOnce) return;
    }
  }
}

function greylistStages({ stage }: Config): readonly GreylistStageConfig[] {
  return stage.filter((each) => each.kind === 'greylist');
}
