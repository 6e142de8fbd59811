// The jobs of operators. A job belongs to the connection that asked for it, and ends with it: whoever closes the terminal
// wants no half-known change to go on. With `detach` it goes on alone; its report is kept until others have replaced it.

import { ControlError } from '../../control/control-error.ts';
import type { Call } from '../../control/operations/operation.ts';
import type { JobName, JobProgress, JobReport, QueueChange } from '../../control/operations/queue-change.ts';
import type { Logger } from '../../log/logger.ts';
import { JobPace } from './job-pace.ts';
import type { JobParts } from './job-parts.ts';
import { storeNamed } from './move-steps.ts';
import { QueueJob } from './queue-job.ts';

/** Most jobs at work: each walks the queue, and more of them would only wait for each other. */
const mostRunning = 8;
/** Most ended jobs whose report is kept. */
const mostEnded = 20;

export interface QueueJobsParts extends JobParts {
  readonly log: Pick<Logger, 'error' | 'info'>;
}

export class QueueJobs {
  readonly #parts: QueueJobsParts;
  readonly #pace: JobPace;
  /** By number, in the order in which they began. */
  readonly #jobs = new Map<number, QueueJob>();
  #lastId = 0;
  #isStopping = false;

  constructor(parts: QueueJobsParts) {
    this.#parts = parts;
    this.#pace = new JobPace(parts.timers);
  }

  /**
   * Begins a job; resolves to its report when it has ended, or at once when it is detached.
   * @throws {ControlError} `JOBS_TOO_MANY`, `QUEUE_UNKNOWN`, `SLUICE_STOPPING`
   */
  change(change: QueueChange, { signal, report }: Call<JobProgress>): Promise<JobReport> {
    if (this.#isStopping) {
      throw new ControlError(
        'SLUICE_STOPPING',
        'Sluice is stopping: the queue is not changed any more.',
        'Run the command again when Sluice has been started.',
      );
    }
    for (const queue of [change.to, change.filter.queue]) requireQueue(this.#parts.queueNames(), queue);
    const running = [...this.#jobs.values()].filter(({ isRunning }) => isRunning);
    if (running.length >= mostRunning) {
      throw new ControlError(
        'JOBS_TOO_MANY',
        `${mostRunning} jobs are at work on the queue, and there may be no more at a time.`,
        'Wait for one to end, or cancel one: "sluice queue jobs" lists them.',
      );
    }
    const job = new QueueJob(++this.#lastId, this.#parts, change, this.#pace);
    this.#jobs.set(this.#lastId, job);
    const isDetached = change.detach === true;
    void job.run((progress) => {
      if (!isDetached) void report([progress]);
    });
    void job.ended.then((ended) => this.#ended(ended));
    if (isDetached) return Promise.resolve(job.report);
    const cancel = (): void => job.cancel();
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    return job.ended;
  }

  /** The newest first. */
  list(): JobReport[] {
    return [...this.#jobs.values()].map((job) => job.report).reverse();
  }

  /** Resolves to its report when it has ended. @throws {ControlError} `JOB_UNKNOWN` */
  cancel({ job: id }: JobName): Promise<JobReport> {
    const job = this.#jobs.get(id);
    if (job === undefined) {
      throw new ControlError(
        'JOB_UNKNOWN',
        `There is no job ${id}.`,
        '"sluice queue jobs" lists the jobs since the manager started.',
      );
    }
    job.cancel();
    return job.ended;
  }

  /** Sluice stops: ends all jobs after the slices that are at work, and begins no other. */
  cancelAll(): void {
    this.#isStopping = true;
    for (const job of this.#jobs.values()) job.cancel();
  }

  /** Resolves when no job is at work. */
  async idle(): Promise<void> {
    await Promise.all([...this.#jobs.values()].map((job) => job.ended));
  }

  #ended({ job, action, state, dryRun, recipients, messages, reason }: JobReport): void {
    const { log } = this.#parts;
    const text = `job ${job} (${action}) is ${state}: ${recipients} recipients of ${messages} messages`;
    if (state === 'failed') log.error(`${text}: ${reason}`);
    else if (!dryRun) log.info(text);
    const ended = [...this.#jobs].filter(([, { isRunning }]) => !isRunning);
    for (const [id] of ended.slice(0, -mostEnded)) this.#jobs.delete(id);
  }
}

/** @param queue - undefined: none is named */
function requireQueue(names: readonly string[], queue: string | undefined): void {
  if (queue === undefined || storeNamed(names, queue) >= 0) return;
  throw new ControlError(
    'QUEUE_UNKNOWN',
    `There is no queue ${JSON.stringify(queue)}.`,
    `The queues are ${['default', ...names].join(', ')}. Another one is added as [queues.NAME]; docs/queues.md says how.`,
  );
}
