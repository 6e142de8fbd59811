// The option `--quota` of `sluice user`.

import { parseSize } from '../values/size.ts';
import { ValueError } from '../values/value-error.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

/** @returns bytes; 0 for no limit, which needs no unit. @throws {CommandError} when it is no size */
export function quotaOf(text: string): number {
  if (text === '0') return 0;
  try {
    return parseSize(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new CommandError(exitCodes.usage, 'DIRECTORY_RECORD', `--quota: ${error.message}.`);
  }
}
