// The option `--queue` of `sluice spool`: the folder of the store of a queue.

import { Option } from 'commander';
import type { Places } from '../config/salvage-places.ts';
import { defaultQueue } from '../values/queue-name.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

export function queueOption(): Option {
  return new Option('--queue <name>', 'the queue whose store it is').default(
    defaultQueue,
    'that of [queue], in the folder spool',
  );
}

/** @throws {CommandError} `QUEUE_UNKNOWN` */
export function storeOf({ spool, queues }: Pick<Places, 'spool' | 'queues'>, queue: string): string {
  const path = queue === defaultQueue ? spool : queues.find(({ name }) => name === queue)?.path;
  if (path !== undefined) return path;
  throw new CommandError(
    exitCodes.usage,
    'QUEUE_UNKNOWN',
    `There is no [queues.${queue}] in the configuration.`,
    `There are ${[defaultQueue, ...queues.map(({ name }) => name)].join(', ')}.`,
  );
}
