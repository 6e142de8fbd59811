// Makes the logger of one process from the configuration.

import type { Config } from '../../config/config.ts';
import { createLogger, type Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';

/**
 * @param troubles - where a log that cannot be written is reported
 * @throws {LogError} when the file cannot be opened: then Sluice does not start
 */
export function processLogger(config: Config, troubles: Troubles): Logger {
  return loggerOf(config, troubles, false);
}

/** The logger of a process that may start while Sluice runs: it does not throw, so that a log file never stops mail. */
export function patientLogger(config: Config, troubles: Troubles): Logger {
  return loggerOf(config, troubles, true);
}

function loggerOf({ log }: Config, troubles: Troubles, mayOpenLater: boolean): Logger {
  const { level, format, file: destination } = log;
  return createLogger({ level, format, destination, troubles, mayOpenLater });
}
