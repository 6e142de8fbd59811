// The log: one structured line for each event of a message, in the same words everywhere.
// JSON for programs, one coloured line for people; both batched and never waited for.

import type { EventName, LogFields } from './event.ts';
import { JsonLines } from './json-line.ts';
import { LineWriter, type LineSink } from './line-writer.ts';
import type { LogLevel } from './log-level.ts';
import { prettyLine } from './pretty-line.ts';

/** Where lines of the log go. */
export interface Logger {
  /** Something happened to a message. Level info. */
  event(name: EventName, fields: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** False when lines of this level go nowhere: to spare the work of building their fields. */
  isOn(level: LogLevel): boolean;
  setLevel(level: LogLevel): void;
  /** Resolves when all lines so far are written. */
  flush(): Promise<void>;
  /**
   * Opens the log file again, after it was rotated.
   * @throws {LogError} when it cannot be opened; then the old one is written on.
   */
  reopen(): void;
  /** Writes the rest and closes the file. */
  close(): Promise<void>;
}

const none: LogFields = {};

/** How to log. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** A file's name, an open file descriptor, or a sink; standard output when left out. */
  readonly destination?: string | number | LineSink | undefined;
  /** Fields of every line, e.g. which process writes it. */
  readonly base?: LogFields | undefined;
}

const severity: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/**
 * Makes a logger.
 * @throws {LogError} code `LOG_UNWRITABLE` when the file cannot be opened.
 */
export function createLogger(options: LoggerOptions): Logger {
  const target = options.destination ?? 1;
  const sink = typeof target === 'object' ? target : new LineWriter(target);
  const pretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal(target));
  return pretty ? new PrettyLogger(options, sink) : new JsonLogger(options, sink);
}

function isTerminal(target: string | number | LineSink): boolean {
  return target === 1 ? process.stdout.isTTY : target === 2 ? process.stderr.isTTY : false;
}

abstract class LevelLogger implements Logger {
  protected readonly sink: LineSink;
  #level: LogLevel;

  constructor(level: LogLevel, sink: LineSink) {
    this.#level = level;
    this.sink = sink;
  }

  /** Writes one line: an event's name or a message. */
  protected abstract print(level: LogLevel, kind: 'event' | 'msg', words: string, fields: LogFields): void;

  event(name: EventName, fields: LogFields): void {
    if (this.isOn('info')) this.print('info', 'event', name, fields);
  }
  debug(message: string, fields: LogFields = none): void {
    if (this.isOn('debug')) this.print('debug', 'msg', message, fields);
  }
  info(message: string, fields: LogFields = none): void {
    if (this.isOn('info')) this.print('info', 'msg', message, fields);
  }
  warn(message: string, fields: LogFields = none): void {
    if (this.isOn('warn')) this.print('warn', 'msg', message, fields);
  }
  error(message: string, fields: LogFields = none): void {
    if (this.isOn('error')) this.print('error', 'msg', message, fields);
  }
  isOn(level: LogLevel): boolean {
    return severity[level] >= severity[this.#level];
  }
  setLevel(level: LogLevel): void {
    this.#level = level;
  }
  flush(): Promise<void> {
    return this.sink.flush();
  }
  reopen(): void {
    this.sink.reopen();
  }
  close(): Promise<void> {
    return this.sink.close();
  }
}

class JsonLogger extends LevelLogger {
  readonly #lines: JsonLines;

  constructor(options: LoggerOptions, sink: LineSink) {
    super(options.level, sink);
    this.#lines = new JsonLines(options.base ?? none);
  }

  protected print(level: LogLevel, kind: 'event' | 'msg', words: string, fields: LogFields): void {
    this.sink.write(this.#lines.line(Date.now(), level, kind, words, fields));
  }
}

class PrettyLogger extends LevelLogger {
  readonly #base: LogFields;
  readonly #colours: boolean;

  constructor(options: LoggerOptions, sink: LineSink) {
    super(options.level, sink);
    this.#base = options.base ?? none;
    this.#colours = isTerminal(options.destination ?? 1) && process.env['NO_COLOR'] === undefined;
  }

  protected print(level: LogLevel, _kind: 'event' | 'msg', words: string, fields: LogFields): void {
    this.sink.write(prettyLine(new Date(), level, words, { ...this.#base, ...fields }, this.#colours));
  }
}
