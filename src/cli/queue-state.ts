// `sluice queue stop` and `sluice queue start`: a queue takes no mail and delivers none, and none of its files is open, until it is started again.

import type { Command } from 'commander';
import type { QueueStateQuestion } from '../control/operations/queue-state.ts';
import { configOption, readPlaces } from './config-file.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { ask } from './until-reachable.ts';

interface Options {
  readonly config?: string;
  readonly queue: string;
  readonly json?: boolean;
}

export function register(queue: Command): void {
  command(
    queue,
    'stop',
    'take no mail for a queue and deliver none, and close its files, so that its disk can be repaired or taken away; until "sluice queue start", also over restarts',
  );
  command(queue, 'start', 'use a queue again that was stopped, or that the configuration has as stopped');
}

function command(queue: Command, action: QueueStateQuestion['action'], description: string): void {
  queue
    .command(action)
    .description(description)
    .addOption(configOption())
    .requiredOption('--queue <name>', 'the queue, as in [queues.NAME]')
    .option('--json', 'print JSON for programs')
    .action((options: Options) => setState(action, options));
}

async function setState(action: QueueStateQuestion['action'], options: Options): Promise<void> {
  const { queue, json, config } = options;
  const answer = await ask(readPlaces(config), { operation: 'queue.state', queue, action });
  if (json === true) process.stdout.write(`${JSON.stringify({ queue, action, ...answer })}\n`);
  if (answer.problem !== '')
    throw new CommandError(
      exitCodes.usage,
      'QUEUE_STATE',
      answer.problem,
      '"sluice status" shows the queues and their states.',
    );
  if (json === true) return;
  const done =
    action === 'stop'
      ? `The queue ${queue} is stopped. "sluice queue start --queue ${queue}" starts it again.\n`
      : `The queue ${queue} is started. "sluice status" shows when its store is read.\n`;
  process.stdout.write(answer.notDone.length === 0 ? done : `${answer.notDone.join('\n')}\n`);
  if (answer.notDone.length > 0) process.exitCode = exitCodes.failed;
}
