// The option `--queue` of `sluice spool`: the folder of the store of a queue.

import { Option } from 'commander';
import { ControlError } from '../control/control-error.ts';
import { askStatus } from '../control/status-client.ts';
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

/**
 * The store of a queue may be changed while Sluice runs only when the queue is stopped.
 * @param what - is done to it: `moved`
 * @throws {CommandError} `QUEUE_IN_USE`
 */
export async function requireUnused(places: Places, queue: string, what: string): Promise<void> {
  const status = await askStatus(places, { sites: 0 }).catch((error: unknown) => {
    if (error instanceof ControlError && error.code === 'NOT_RUNNING') return undefined;
    throw error;
  });
  if (status === undefined) return;
  const known = status.kind === 'complete' ? status.byQueue?.find((each) => each.queue === queue) : undefined;
  if (known?.state === 'stopped') return;
  if (known === undefined && status.kind === 'complete' && queue !== defaultQueue) return;
  throw new CommandError(
    exitCodes.unavailable,
    'QUEUE_IN_USE',
    `The queue ${queue} is in use by the running Sluice, and cannot be ${what} now.`,
    queue === defaultQueue ? 'Stop Sluice first.' : `Stop it first: sluice queue stop --queue ${queue}`,
  );
}
