// The log: one structured line for each event of a message, as JSON for programs or coloured for people. Lines are written in
// batches, and nothing waits for them.

import type { EventName, LogFields } from './event.ts';
import { JsonLines } from './json-line.ts';
import { shortenLine } from './shorten-line.ts';
import { LineWriter, type LineSink } from './line-writer.ts';
import type { LogLevel } from './log-level.ts';
import { prettyLine } from './pretty-line.ts';
import type { TroubleKey } from '../stats/trouble-kinds.ts';
import type { Troubles } from '../stats/troubles.ts';

/** Where lines of the log go. */
export interface Logger {
  /** Something happened to a message. Level info. */
  event(name: EventName, fields: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether lines of this level are written: saves building the fields of one that is not. */
  isOn(level: LogLevel): boolean;
  setLevel(level: LogLevel): void;
  /** Resolves when all lines so far are written, or cannot be. */
  flush(): Promise<void>;
  /**
   * Opens the log file again, after it was rotated.
   * @throws {LogError} when it cannot be opened: the old one is written on, and opening is tried again.
   */
  reopen(): void;
  /** Writes the rest and closes the file. */
  close(): Promise<void>;
}

const none: LogFields = {};

/** Makes what stands before a line. */
export type LineHead = (level: LogLevel, kind: 'event' | 'msg', words: string) => string;

/** @param droppedLine - the line that says how many were dropped, with its line end */
type MakeSink = (droppedLine: (count: number) => string) => LineSink;

type Destination = string | number | LineSink | MakeSink;

/** How to log. */
export interface LoggerOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** A file's name, an open file descriptor, a sink, or what makes one; standard output when left out. */
  readonly destination?: Destination | undefined;
  /** Fields of every line, e.g. which process writes it. */
  readonly base?: LogFields | undefined;
  /** Told when the log cannot be written. */
  readonly troubles?: Troubles | undefined;
  /** A file that cannot be opened is no error: lines are kept, and opening is tried again. */
  readonly mayOpenLater?: boolean | undefined;
  /** Lines below this level are left out, whatever `level` says. */
  readonly least?: LogLevel | undefined;
  /** What stands before each line. Whoever reads that adds the time itself, so that lines for people have none. */
  readonly head?: LineHead | undefined;
  /** Lines longer than this many bytes are cut. */
  readonly longestLine?: number | undefined;
  /** For the trouble of this log, when there are others. */
  readonly troubleKey?: TroubleKey | undefined;
}

const severity: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50 };

/**
 * Makes a logger.
 * @throws {LogError} code `LOG_UNWRITABLE` when the file cannot be opened.
 */
export function createLogger(options: LoggerOptions): Logger {
  const target = options.destination ?? 1;
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal(target));
  const makeLine = withHead(isPretty ? prettyLines(options) : jsonLines(options), options);
  const { troubles, mayOpenLater, troubleKey, least = 'debug' } = options;
  const dropped = (count: number): string => droppedLine(makeLine, count);
  const sink =
    typeof target === 'object'
      ? target
      : typeof target === 'function'
        ? target(dropped)
        : new LineWriter({
            target,
            droppedLine: dropped,
            troubles,
            mayOpenLater,
            troubleKey,
          });
  return new LineLogger(options.level, least, makeLine, sink);
}

/** Makes one line: an event's name or a message. */
type MakeLine = (level: LogLevel, kind: 'event' | 'msg', words: string, fields: LogFields) => string;

function jsonLines({ base }: LoggerOptions): MakeLine {
  const lines = new JsonLines(base ?? none);
  return (level, kind, words, fields) => lines.line(Date.now(), level, kind, words, fields);
}

function prettyLines({ base, destination, head }: LoggerOptions): MakeLine {
  const hasColours = isTerminal(destination ?? 1) && process.env['NO_COLOR'] === undefined;
  const clock = (): Date | undefined => (head === undefined ? new Date() : undefined);
  return (level, _kind, words, fields) =>
    prettyLine(clock(), level, words, { ...base, ...fields }, hasColours);
}

/** Text of a line cannot forge what stands before the next one: it has no line ends. */
function withHead(makeLine: MakeLine, { head, longestLine }: LoggerOptions): MakeLine {
  if (head === undefined) return makeLine;
  return (level, kind, words, fields) => {
    const line = head(level, kind, words) + makeLine(level, kind, words, fields);
    return longestLine === undefined ? line : shortenLine(line, longestLine);
  };
}

function droppedLine(makeLine: MakeLine, dropped: number): string {
  return makeLine('warn', 'msg', 'log lines were dropped: they could not be written', { dropped });
}

function isTerminal(target: Destination): boolean {
  return target === 1 ? process.stdout.isTTY : target === 2 ? process.stderr.isTTY : false;
}

function higher(one: LogLevel, other: LogLevel): LogLevel {
  return severity[one] >= severity[other] ? one : other;
}

class LineLogger implements Logger {
  readonly #makeLine: MakeLine;
  readonly #sink: LineSink;
  readonly #least: LogLevel;
  #level: LogLevel;

  constructor(level: LogLevel, least: LogLevel, makeLine: MakeLine, sink: LineSink) {
    this.#least = least;
    this.#level = higher(level, least);
    this.#makeLine = makeLine;
    this.#sink = sink;
  }

  event(name: EventName, fields: LogFields): void {
    if (this.isOn('info')) this.#print('info', 'event', name, fields);
  }
  debug(message: string, fields: LogFields = none): void {
    if (this.isOn('debug')) this.#print('debug', 'msg', message, fields);
  }
  info(message: string, fields: LogFields = none): void {
    if (this.isOn('info')) this.#print('info', 'msg', message, fields);
  }
  warn(message: string, fields: LogFields = none): void {
    if (this.isOn('warn')) this.#print('warn', 'msg', message, fields);
  }
  error(message: string, fields: LogFields = none): void {
    if (this.isOn('error')) this.#print('error', 'msg', message, fields);
  }
  isOn(level: LogLevel): boolean {
    return severity[level] >= severity[this.#level];
  }
  setLevel(level: LogLevel): void {
    this.#level = higher(level, this.#least);
  }
  flush(): Promise<void> {
    return this.#sink.flush();
  }
  reopen(): void {
    this.#sink.reopen();
  }
  close(): Promise<void> {
    return this.#sink.close();
  }
  #print(level: LogLevel, kind: 'event' | 'msg', words: string, fields: LogFields): void {
    this.#sink.write(this.#makeLine(level, kind, words, fields));
  }
}
