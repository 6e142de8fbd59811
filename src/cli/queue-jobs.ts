// `sluice queue jobs` and `sluice queue cancel`: the changes of the queue that are at work, and how to end one.

import { type Command, InvalidArgumentError } from 'commander';
import { configOption, readPlaces } from './config-file.ts';
import { jobsText, jobText } from './job-text.ts';
import { printText } from './terminal-text.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

export function register(queue: Command): void {
  queue
    .command('jobs')
    .description('list the changes of the queue that are at work, and those that have ended lately')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(list);
  queue
    .command('cancel')
    .argument('<job>', 'its number, as "sluice queue jobs" shows it', jobNumber)
    .description('end a change of the queue; what it has done stays done')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(cancel);
}

async function list(options: Options): Promise<void> {
  const jobs = await ask(readPlaces(options.config), { operation: 'job.list' });
  if (options.json === true) {
    for (const job of jobs) process.stdout.write(`${JSON.stringify(job)}\n`);
  } else printText(jobsText(jobs, Date.now()));
}

async function cancel(job: number, options: Options): Promise<void> {
  const report = await ask(readPlaces(options.config), { operation: 'job.cancel', job });
  if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (report.state === 'cancelled') {
    printText(`Job ${job} is cancelled after ${report.seen} of ${report.of} messages: ${jobText(report)}`);
  } else printText(`Job ${job} had ended before: ${report.state}, ${jobText(report)}`);
}

function jobNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be the number of a job.');
  return Number(text);
}
