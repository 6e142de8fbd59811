// The log of one process, as the configuration wants it.

import type { Config } from '../config/config.ts';
import { createLogger, type Logger } from '../log/logger.ts';

export function processLogger(config: Config): Logger {
  return createLogger({ level: config.log.level, format: config.log.format, destination: config.log.file });
}
