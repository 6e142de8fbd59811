// The log of a simulated process: its lines are steps of the trace.

import type { Logger } from '../../src/log/logger.ts';
import type { Trace } from './ground.ts';

/** @param name - of the process */
export function tracedLog(name: string, trace: Trace): Logger {
  const write = (level: string, text: string, fields: object = {}): void =>
    trace(() => `${name}: ${level} ${text} ${JSON.stringify(fields)}`);
  return {
    event: (event, fields) => write('event', event, fields),
    debug: (text, fields) => write('debug', text, fields),
    info: (text, fields) => write('info', text, fields),
    warn: (text, fields) => write('warn', text, fields),
    error: (text, fields) => write('error', text, fields),
    isOn: () => true,
    setLevel: () => undefined,
    flush: () => Promise.resolve(),
    reopen: () => undefined,
    close: () => Promise.resolve(),
  };
}
