// How much is said in the log.

/** From all to little. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
