// The error of a command that could not read or change a mailbox.

import { systemReason } from '../config/read/config-error.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

/** @returns a function that throws `MAILBOX_ACCESS` for an error of the system */
export function mailboxFailed(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof SluiceError) throw error;
    throw new CommandError(
      exitCodes.osError,
      'MAILBOX_ACCESS',
      `The mailbox ${path}: ${systemReason(error)}.`,
      'Call the command as root, or as the user of the sender processes.',
      { cause: error },
    );
  };
}
