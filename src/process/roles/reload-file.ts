// Whether an operator who names a file for a reload means the one that the running Sluice reads.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { findConfigFile } from '../../config/read/find-config.ts';
import { ControlError } from '../../control/control-error.ts';

/**
 * @param named - absolute; undefined: whatever it reads
 * @param inForce - absolute; undefined: Sluice runs without a file until there is one in the usual places
 * @throws {ControlError} `CONFIG_OTHER_FILE` when it is another one: nothing is read then
 */
export function checkReloadFile(named: string | undefined, inForce: string | undefined): void {
  if (named === undefined) return;
  const found = inForce ?? findConfigFile(undefined);
  const read = found === undefined ? undefined : resolve(found);
  if (read !== undefined && isSameFile(named, read)) return;
  const what =
    read === undefined ? 'was started without a configuration file' : `reads its configuration from ${read}`;
  throw new ControlError(
    'CONFIG_OTHER_FILE',
    `Reloading ${named}: the running Sluice ${what}. Nothing was changed.`,
    read === undefined
      ? 'Restart it with "sluice serve --config FILE".'
      : `Write the changes into ${read} and run "sluice reload", or restart Sluice with "sluice serve --config FILE".`,
  );
}

/** By another name, too: a link, or another way to the same folder. */
function isSameFile(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    const [a, b] = [statSync(one), statSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false; // one of them is gone, or not for this user to look at
  }
}
