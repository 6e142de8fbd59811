// `sluice queue` retry, reroute, hold, release, remove, bounce and move: each a job of the manager, with its progress on a terminal. Ctrl-C
// cancels it, and a second one ends the command at once.

import type { Command } from 'commander';
import { controlRequest } from '../control/control-client.ts';
import { ControlError } from '../control/control-error.ts';
import {
  type JobProgress,
  type JobReport,
  type QueueAction,
  queueActions,
  type QueueChange,
} from '../control/operations/queue-change.ts';
import { readPlaces } from './config-file.ts';
import { interruptedError, jobError, jobText, progressText } from './job-text.ts';
import { ProgressLine } from './progress-line.ts';
import { type FilterOptions, filterOf, requireChoice, withFilterOptions } from './queue-filter.ts';
import { printText } from './terminal-text.ts';
import { type Place, untilReachable } from './until-reachable.ts';

interface ChangeOptions extends FilterOptions {
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly detach?: boolean;
}

const descriptions: Readonly<Record<QueueAction, string>> = {
  retry: 'try to deliver matching mail now',
  reroute: 'look up again where matching mail goes, by routes and tables as they are now',
  hold: 'keep matching messages in the queue until they are released; they do not expire',
  release: 'let held messages go on',
  remove: 'take matching recipients out of the queue for good, without a report to the sender',
  bounce: 'give up on matching recipients: their senders get a report of the failure',
  move: 'keep matching mail that waits in another queue, as it is and in its order',
};

export function register(queue: Command): void {
  for (const action of queueActions) {
    const command = withFilterOptions(queue.command(`${action} [ids...]`));
    if (action === 'move')
      command.requiredOption('--to <queue>', 'the queue that gets the mail, by its name');
    command
      .description(descriptions[action])
      .option('--all', 'choose the whole queue')
      .option('--dry-run', 'change nothing, and say what would be changed')
      .option('--detach', 'do not wait for the end; "sluice queue jobs" shows how far it is')
      .action((ids: string[], options: ChangeOptions) => change(action, ids, options));
  }
}

async function change(action: QueueAction, ids: string[], options: ChangeOptions): Promise<void> {
  const filter = filterOf(ids, options);
  requireChoice(filter, options.all === true, action);
  const asked: QueueChange = {
    action,
    filter,
    ...(options.to !== undefined && { to: options.to }),
    ...(options.dryRun === true && { dryRun: true }),
    ...(options.detach === true && { detach: true }),
  };
  await changeAndTell(readPlaces(options.config), asked, options.json === true);
}

/**
 * Does a job and prints what it did.
 * @throws {CommandError} as `jobError` says, after what was done was printed
 */
export async function changeAndTell(place: Place, asked: QueueChange, isJson: boolean): Promise<void> {
  const report = await runJob(place, asked, isJson);
  if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (report.state === 'running') {
    process.stdout.write(`Job ${report.job} is at work: "sluice queue jobs" shows how far it is.\n`);
  } else if (report.state === 'done') printText(jobText(report));
  const error = jobError(report);
  if (error !== undefined) throw error;
}

/** @throws {CommandError} `JOB_INTERRUPTED` when the manager ends after the job has begun */
export async function runJob(place: Place, asked: QueueChange, isJson: boolean): Promise<JobReport> {
  const line = new ProgressLine(process.stderr);
  const cancelled = new AbortController();
  const cancel = (): void => {
    // The next signal has its usual effect.
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
    line.draw('Cancelling ...');
    cancelled.abort();
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  let last: JobProgress | undefined;
  try {
    return await untilReachable(place, async () => {
      const request = { operation: 'queue.change', ...asked } as const;
      const replies = controlRequest(place, request, cancelled.signal);
      for (;;) {
        const next = await replies.next();
        if (next.done === true) return next.value;
        last = next.value;
        if (isJson) process.stdout.write(`${JSON.stringify({ state: 'running', ...last })}\n`);
        else if (!cancelled.signal.aborted) {
          line.draw(progressText(asked.action, asked.dryRun === true, last));
        }
      }
    });
  } catch (error) {
    if (!(error instanceof ControlError) || !interruptions.has(error.code)) throw error;
    const nothing: JobProgress = { seen: 0, of: 0, recipients: 0, messages: 0 };
    throw interruptedError(error, asked.action, asked.dryRun === true, last ?? nothing);
  } finally {
    line.clear();
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
}

/** What ends a job that has begun, as the answer tells it. */
const interruptions: ReadonlySet<string> = new Set(['CONTROL_LOST', 'MANAGER_LOST']);
