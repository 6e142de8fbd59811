// Opens the log file again, as after a reload: it may have been rotated.

import { LogError } from '../../log/log-error.ts';
import type { Logger } from '../../log/logger.ts';

/** A log file that cannot be opened is reported as a trouble. The logger goes on with the old file and tries again. */
export function reopenLog(logger: Logger | undefined): void {
  try {
    logger?.reopen();
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
  }
}
