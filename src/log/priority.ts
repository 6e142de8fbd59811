// The severities of syslog (RFC 5424 6.2.1) that the levels of the log stand for, and the prefix "<N>" by which journald learns
// the severity of a line on standard output (sd-daemon(3)).

import type { LogLevel } from './log-level.ts';
import type { LineHead } from './logger.ts';

/** Error, warning, informational, debug. */
export const severityOf: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/**
 * Whether an open file is the stream of journald: it tells device and inode of what it gave a service as standard output.
 * @param stream - the environment variable JOURNAL_STREAM, "DEVICE:INODE"
 */
export function isJournal(
  stats: { readonly dev: number; readonly ino: number },
  stream: string | undefined,
): boolean {
  return stream === `${stats.dev}:${stats.ino}`;
}

/** `<6>`. With a facility (RFC 5424 6.2.1), the two are one number. */
export function priorityHead(facility = 0): LineHead {
  const head = (level: LogLevel): string => `<${facility * 8 + severityOf[level]}>`;
  const heads = { debug: head('debug'), info: head('info'), warn: head('warn'), error: head('error') };
  return (level) => heads[level];
}
