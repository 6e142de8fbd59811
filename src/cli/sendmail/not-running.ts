// What to say when the running Sluice cannot be reached at its submission socket.

import { CommandError, exitCodes } from '../exit-codes.ts';

/** Sluice cannot be reached: the caller keeps the message and tries again. */
export function notRunning(submissionSocket: string, reason: string): CommandError {
  return new CommandError(
    exitCodes.tempFail,
    'SENDMAIL_NOT_RUNNING',
    `cannot hand the message to Sluice at ${submissionSocket}: ${reason}; nothing was sent`,
    'Start it with: sluice serve; then try again.',
  );
}
