// The error of a command that asks the directory of the running Sluice, which cannot tell.

import type { Failing } from '../directory/types.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

export function directoryFailing({ reason }: Failing): CommandError {
  return new CommandError(
    exitCodes.tempFail,
    'DIRECTORY_FAILING',
    `The directory cannot tell now: ${reason.replace(/\.$/u, '')}.`,
    'Clients get a temporary error (4xx) meanwhile. "sluice status" says more about files that cannot be read.',
  );
}
