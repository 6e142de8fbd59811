// The log cannot be written.

import { SluiceError } from '../errors/sluice-error.ts';

/** Code `LOG_UNWRITABLE`: the log file cannot be opened. */
export class LogError extends SluiceError {
  constructor(file: string, cause: unknown) {
    const isUnreadPipe = cause instanceof Error && 'code' in cause && cause.code === 'ENXIO';
    const message = cause instanceof Error ? cause.message : String(cause);
    const reason = isUnreadPipe ? 'it is a pipe that no program reads' : message;
    super(
      'LOG_UNWRITABLE',
      `cannot open the log file ${file}: ${reason}`,
      isUnreadPipe
        ? 'Start the program that reads it first.'
        : 'Make its folder, and let the user that runs Sluice write there; or change file in [log].',
      { cause },
    );
  }
}
