// Asks the running Sluice where it listens.

import type { Config } from '../config/config.ts';
import { controlResult } from '../control/control-client.ts';
import { ControlError } from '../control/control-error.ts';
import { isLocked } from '../process/running/instance-lock.ts';
import { type ListenAddress, parseListenAddress } from '../values/listen-address.ts';

/** Codes of errors that leave it open what listens at the control socket: this user may not ask, or it is of an earlier version. */
const leavesOpen: ReadonlySet<string> = new Set(['CONTROL_DENIED', 'CONTROL_OPERATION']);

/** Addresses that the running Sluice has open; none when no Sluice runs; undefined when one runs and does not tell. */
export async function runningListeners({
  controlSocket,
  spool,
}: Pick<Config, 'controlSocket' | 'spool'>): Promise<readonly ListenAddress[] | undefined> {
  try {
    const { addresses } = await controlResult(controlSocket, { operation: 'listeners' });
    return addresses.map(parseListenAddress);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    // Otherwise nothing listens there, or a program that is no Sluice.
    return leavesOpen.has(error.code) || (await isLocked(spool)) ? undefined : [];
  }
}
