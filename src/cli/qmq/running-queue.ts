// Queues of the list in a running Sluice: what state one has, and how it is started and stopped.

import { ControlError } from '../../control/control-error.ts';
import { askNumbers } from '../../control/status-client.ts';
import { readPlaces } from '../config-file.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { ask } from '../until-reachable.ts';

/** Does a running Sluice use the queue now? One that is stopped, or that it does not know, it does not. */
export async function isInUse(configFile: string | undefined, name: string): Promise<boolean> {
  try {
    const { byQueue = [] } = await askNumbers(readPlaces(configFile), { sites: 0 });
    return byQueue.some(({ queue, state }) => queue === name && state !== 'stopped');
  } catch (error) {
    if (error instanceof ControlError && error.code === 'NOT_RUNNING') return false;
    throw error;
  }
}

/** @returns sentences about what is not over yet. @throws {CommandError} `QUEUE_STATE` when nothing has changed */
export async function setState(
  configFile: string | undefined,
  queue: string,
  action: 'start' | 'stop',
): Promise<readonly string[]> {
  const { problem, notDone } = await ask(readPlaces(configFile), { operation: 'queue.state', queue, action });
  if (problem === '') return notDone;
  const advice =
    'A queue that is new comes into force by "sluice reload" or a restart; "sluice status" shows all.';
  throw new CommandError(exitCodes.usage, 'QUEUE_STATE', problem, advice);
}
