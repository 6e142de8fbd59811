// A log that keeps its lines for the test.

import type { Logger } from '../../src/log/logger.ts';

export interface KeptLog extends Logger {
  /** `LEVEL TEXT`. */
  readonly lines: string[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const keep = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  return {
    lines,
    event: () => undefined,
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
