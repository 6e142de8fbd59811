// The error of a command that could not read or change a mailbox.

import { systemReason } from '../config/read/config-error.ts';
import { SluiceError } from '../errors/sluice-error.ts';
import { CommandError, exitCodes } from './exit-codes.ts';

function isTaken(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'EEXIST';
}

/** @returns a function that throws `MAILBOX_ACCESS` for an error of the system */
export function mailboxFailed(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof SluiceError) throw error;
    if (isTaken(error))
      throw new CommandError(
        exitCodes.osError,
        'MAILBOX_TAKEN',
        `The mailbox ${path} is there already, and two do not become one.`,
        'Nothing was changed. Look into it with "sluice mailbox show", and remove it with "sluice mailbox remove" if nobody needs it.',
      );
    throw new CommandError(
      exitCodes.osError,
      'MAILBOX_ACCESS',
      `The mailbox ${path}: ${systemReason(error)}.`,
      'Call the command as root, or as the user of the sender processes.',
      { cause: error },
    );
  };
}
