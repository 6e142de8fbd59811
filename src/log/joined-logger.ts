// Several logs as one: each line goes to every log that wants lines of its level.

import type { Logger } from './logger.ts';

/** @param logs - each with a least level of its own. One alone is returned as it is, so that it costs nothing more. */
export function joinedLogger(logs: readonly [first: Logger, ...others: Logger[]]): Logger {
  if (logs.length === 1) return logs[0];
  const each = (call: (log: Logger) => void): void => {
    for (const log of logs) call(log);
  };
  return {
    event: (name, fields) => each((log) => log.event(name, fields)),
    debug: (message, fields) => each((log) => log.debug(message, fields)),
    info: (message, fields) => each((log) => log.info(message, fields)),
    warn: (message, fields) => each((log) => log.warn(message, fields)),
    error: (message, fields) => each((log) => log.error(message, fields)),
    isOn: (level) => logs.some((log) => log.isOn(level)),
    setLevel: (level) => each((log) => log.setLevel(level)),
    flush: async () => {
      await Promise.all(logs.map((log) => log.flush()));
    },
    reopen: () => {
      // A file that cannot be opened keeps no other one from being opened.
      const failures: unknown[] = [];
      each((log) => {
        try {
          log.reopen();
        } catch (error) {
          failures.push(error);
        }
      });
      if (failures.length > 0) throw failures[0];
    },
    close: async () => {
      await Promise.all(logs.map((log) => log.close()));
    },
  };
}
