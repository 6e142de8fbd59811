// A domain on the command line.

import { parseDomain } from '../values/domain.ts';
import { ValueError } from '../values/value-error.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { isIP } from '../values/ip-version.ts';

/**
 * Reads a domain.
 * @returns Lower-case A-labels, no final dot.
 * @throws {CommandError} VALUE_INVALID when it is something else, such as an address.
 */
export function domainArgument(text: string): string {
  try {
    if (isIP(text) === 0) return parseDomain(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
  }
  const shown = JSON.stringify(text.length > 255 ? `${text.slice(0, 255)}...` : text);
  const said = `${shown} is not a domain name.`;
  throw new CommandError(exitCodes.usage, 'VALUE_INVALID', said, 'Write it as example.com.');
}
