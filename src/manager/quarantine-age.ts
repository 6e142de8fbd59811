// Ends the stay of messages that have been in quarantine too long: a job of the queue, once an hour. Promises: ages are counted in
// steady time, so a clock that is set wrong deletes nothing; what was released is not touched; a job that could not bounce or
// store something is repeated with the next one.

import type { Config } from '../config/config.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { Timer } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import { JobPace } from './jobs/job-pace.ts';
import type { JobParts } from './jobs/job-parts.ts';
import { QueueJob } from './jobs/queue-job.ts';

const everyMs = 3_600_000;

export interface QuarantineAgeParts extends Omit<JobParts, 'dateMs'> {
  readonly config: () => Pick<Config, 'quarantine'>;
  readonly clock: Pick<DatedClock, 'nowMs' | 'steadyOf'>;
  readonly log: Pick<Logger, 'error' | 'info'>;
}

export class QuarantineAge {
  readonly #parts: QuarantineAgeParts;
  readonly #jobParts: JobParts;
  readonly #pace: JobPace;
  #timer: Timer | undefined;
  #job: QueueJob | undefined;
  #isRunning = true;

  constructor(parts: QuarantineAgeParts) {
    this.#parts = parts;
    const { clock, manager } = parts;
    this.#pace = new JobPace(parts.timers);
    this.#jobParts = {
      ...parts,
      dateMs: clock.nowMs,
      manager: {
        scheduler: manager.scheduler,
        receivedAtMs: (message) => clock.steadyOf(manager.receivedAtMs(message)),
      },
    };
  }

  /** Sets the timer of the next job; a job ends before the timer of the next one is set. */
  start(): void {
    this.#timer = this.#parts.timers.setTimeout(() => void this.#look(), everyMs).unref();
  }

  /** Begins no other job, and ends the one at work after its slice. */
  stop(): void {
    this.#isRunning = false;
    this.#parts.timers.clear(this.#timer);
    this.#job?.cancel();
  }

  /** Resolves when no job is at work. */
  async idle(): Promise<void> {
    await this.#job?.ended;
  }

  async #look(): Promise<void> {
    const { config, log } = this.#parts;
    const { maxAge, expired } = config().quarantine;
    const filter = { quarantine: '*', olderThanMs: maxAge };
    const action = expired === 'bounce' ? 'bounce' : 'remove';
    // It is no job of an operator, and has no number in the list of these.
    const job = new QueueJob(0, this.#jobParts, { action, filter }, this.#pace);
    this.#job = job;
    await job.run(() => undefined);
    this.#job = undefined;
    const { recipients, messages, reason } = job.report;
    const done = `${messages} messages to ${recipients} recipients left the quarantine because of their age (${expired})`;
    if (reason !== '') log.error(`${done}; not all that were due: ${reason}`);
    else if (messages > 0) log.info(done);
    if (this.#isRunning) this.start();
  }
}
