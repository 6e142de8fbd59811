// A running Sluice whose control process is being started again is waited for: a command that comes in between is answered
// a moment later. Nothing is waited for where no Sluice holds the spool.

import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { controlResult } from '../control/control-client.ts';
import { ControlError } from '../control/control-error.ts';
import type { ControlRequest } from '../control/control-protocol.ts';
import { isLocked } from '../process/running/instance-lock.ts';

/** Where a Sluice can be asked, and what it holds while it runs. */
export type Place = Pick<Config, 'controlSocket' | 'spool'>;

/** The supervisor starts a process again after 100 ms at first, which then needs about a second on a busy machine. */
const lookEveryMs = 100;
const mostLooks = 50;

/**
 * Does what asks the running Sluice, again while it fails with `NOT_RUNNING` and a Sluice runs nevertheless.
 * @throws {ControlError} `CONTROL_STARTING` when its control process stays away; what `attempt` throws
 */
export async function untilReachable<T>(
  { controlSocket, spool }: Place,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let looks = 0; ; looks++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ControlError) || error.code !== 'NOT_RUNNING' || !(await isLocked(spool)))
        throw error;
    }
    if (looks === mostLooks) throw staysAway(controlSocket, spool);
    await wait(lookEveryMs);
  }
}

/** One request without rows. @throws {ControlError} as `controlRequest` and `untilReachable` */
export function ask(place: Place, request: ControlRequest): Promise<unknown> {
  return untilReachable(place, () => controlResult(place.controlSocket, request));
}

function staysAway(controlSocket: string, spool: string): ControlError {
  return new ControlError(
    'CONTROL_STARTING',
    `A Sluice uses the spool ${spool}, but nothing listened at its control socket ${controlSocket} within ${(mostLooks * lookEveryMs) / 1000} s.`,
    'It is starting or stopping, its control process ends again and again (look at its log), or it was started with another control_socket.',
  );
}
