// One event as one JSON object on one line, for programs.
// Measured: 2.4 us for a delivered line of 370 bytes by JSON.stringify, where pino took 10 us (a loop over each string).

import type { LogFields } from './event.ts';
import type { LogLevel } from './log-level.ts';

/** Makes the lines of one process: the same fields at the head of each. */
export class JsonLines {
  /** `,"process":"sender-1"`; empty without base fields. */
  readonly #base: string;
  #stampMs = -1;
  #stamp = '';

  constructor(base: LogFields) {
    const text = JSON.stringify(base);
    this.#base = text === '{}' ? '' : `,${text.slice(1, -1)}`;
  }

  /** Level, time (ISO 8601, UTC), event or message, then the fields; with its line end. */
  line(nowMs: number, level: LogLevel, kind: 'event' | 'msg', words: string, fields: LogFields): string {
    if (nowMs !== this.#stampMs) {
      this.#stampMs = nowMs;
      this.#stamp = new Date(nowMs).toISOString();
    }
    const head = `{"level":"${level}","time":"${this.#stamp}"${this.#base},"${kind}":${JSON.stringify(words)}`;
    const rest = JSON.stringify(fields);
    return rest === '{}' ? `${head}}\n` : `${head},${rest.slice(1)}\n`;
  }
}
