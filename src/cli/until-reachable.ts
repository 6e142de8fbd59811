// Waits for the control process of a running Sluice while it is being started again, so that a command in between is answered
// a moment later. Does not wait when no Sluice holds the spool.

import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { controlResult } from '../control/control-client.ts';
import { ControlError } from '../control/control-error.ts';
import type { ControlName, RequestFor } from '../control/control-protocol.ts';
import type { ControlSet } from '../control/operations/sets.ts';
import { isLocked } from '../process/running/instance-lock.ts';

/** The control socket of a Sluice, and the spool that it locks while it runs. */
export type Place = Pick<Config, 'controlSocket' | 'spool'>;

/** The supervisor starts a process again after 100 ms at first, which then needs about a second on a busy machine. */
const retryMs = 100;
const maxRetries = 50;

/**
 * Calls `attempt`, which asks the running Sluice, again and again while it fails with `NOT_RUNNING` although a Sluice runs.
 * @throws {ControlError} `CONTROL_STARTING` when no control process comes; whatever else `attempt` throws
 */
export async function untilReachable<T>(
  { controlSocket, spool }: Place,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ControlError) || error.code !== 'NOT_RUNNING' || !(await isLocked(spool)))
        throw error;
    }
    if (retries === maxRetries) throw controlStarting(controlSocket, spool);
    await wait(retryMs);
  }
}

/** One request without rows. @throws {ControlError} as `controlRequest` and `untilReachable` */
export function ask<Name extends ControlName>(
  place: Place,
  request: RequestFor<Name>,
): Promise<ControlSet[Name]['answer']> {
  return untilReachable(place, () => controlResult(place, request));
}

function controlStarting(controlSocket: string, spool: string): ControlError {
  return new ControlError(
    'CONTROL_STARTING',
    `A Sluice uses the spool ${spool}, but nothing listened at its control socket ${controlSocket} within ${(maxRetries * retryMs) / 1000} s.`,
    'It is starting or stopping, its control process ends again and again (look at its log), or it was started with another control_socket.',
  );
}
