// Checks that the file which an operator names for a reload is the one that the running Sluice reads.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { findConfigFile } from '../../config/read/find-config.ts';
import { ControlError } from '../../control/control-error.ts';

/**
 * @param named - absolute path; undefined: the operator named none
 * @param inForce - absolute path; undefined: Sluice started without a file, and a reload looks in the usual places
 * @throws {ControlError} `CONFIG_OTHER_FILE` when it is another file: then nothing is read
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

/** Also true for two names of one file, such as a link to it. */
function isSameFile(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    const [a, b] = [statSync(one), statSync(other)];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false; // one of them is gone, or this user may not see it
  }
}
