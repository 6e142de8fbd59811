// The log cannot be written.

import { SluiceError } from '../errors/sluice-error.ts';

/** Code `LOG_UNWRITABLE`: the log file cannot be opened. */
export class LogError extends SluiceError {
  constructor(file: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      'LOG_UNWRITABLE',
      `cannot open the log file ${file}: ${reason}`,
      'Make its folder, and let the user that runs Sluice write there; or change file in [log].',
      { cause },
    );
  }
}
