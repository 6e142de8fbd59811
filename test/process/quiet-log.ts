// A log that keeps its lines for the test.

import type { Logger } from '../../src/log/logger.ts';

export interface KeptLog extends Logger {
  /** `LEVEL TEXT`. */
  readonly lines: string[];
  /** Events with their fields. */
  readonly events: Readonly<Record<string, unknown>>[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const events: Record<string, unknown>[] = [];
  const keep = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  return {
    lines,
    events,
    event: (event, fields) => void events.push({ event, ...fields }),
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    isOn: () => true,
    setLevel: () => undefined,
    flush: () => Promise.resolve(),
    reopen: () => undefined,
    close: () => Promise.resolve(),
  };
}
