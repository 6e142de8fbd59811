// Makes the logger of one process from the configuration: for a file, standard output and syslog, as many as there are.

import { fstatSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { joinedLogger } from '../../log/joined-logger.ts';
import { createLogger, type Logger, type LoggerOptions } from '../../log/logger.ts';
import { isJournal, priorityHead } from '../../log/priority.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { syslogLogger } from './syslog-logger.ts';

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

function loggerOf(config: Config, troubles: Troubles, mayOpenLater: boolean): Logger {
  const { level, format, file } = config.log;
  const common = { level, format, troubles, mayOpenLater };
  const toFile = file === undefined ? undefined : createLogger({ ...common, destination: file });
  const toSyslog = syslogLogger(config, common);
  const others = [toFile, toSyslog].filter((log) => log !== undefined);
  const isAlone = others.length === 0;
  const { stdout = isAlone, priorities } = config.log;
  const toStdout = stdout ? [stdoutLogger(common, priorities, isAlone)] : [];
  const [first, ...rest] = [...others, ...toStdout];
  // The schema refuses a configuration with nothing of these.
  return first === undefined ? stdoutLogger(common, priorities, true) : joinedLogger([first, ...rest]);
}

function stdoutLogger(
  common: LoggerOptions,
  priorities: Config['log']['priorities'],
  isAlone: boolean,
): Logger {
  const isWanted =
    priorities === 'always' ||
    (priorities === 'auto' && isJournal(fstatSync(1), process.env['JOURNAL_STREAM']));
  return createLogger({
    ...common,
    ...(isWanted && { head: priorityHead() }),
    ...(!isAlone && { troubleKey: 'log:stdout' }),
  });
}
