// The levels of log lines.

/** From the most lines to the fewest. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
