// The log of one process, as the configuration wants it.

import type { Config } from '../../config/config.ts';
import { createLogger, type Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';

/**
 * @param troubles - hears when the log cannot be written
 * @throws {LogError} when the file cannot be opened: a reason not to start
 */
export function processLogger(config: Config, troubles: Troubles): Logger {
  return loggerOf(config, troubles, false);
}

/** The same for a process that is started while Sluice runs: mail does not stop because the log cannot be opened. */
export function patientLogger(config: Config, troubles: Troubles): Logger {
  return loggerOf(config, troubles, true);
}

function loggerOf({ log }: Config, troubles: Troubles, mayOpenLater: boolean): Logger {
  const { level, format, file: destination } = log;
  return createLogger({ level, format, destination, troubles, mayOpenLater });
}
