// One process of a filter of OpenSMTPD: tells it lines, and takes the lines that it sends. Promises: what it has sent and what it has not read are
// bounded; each answer is given to the question that it answers; a process that breaks the protocol is ended, and all that wait for it hear of it.

import { randomBytes } from 'node:crypto';
import { type FilterDecision, readFilterLine } from '../../protocol/opensmtpd-filter/filter-line.ts';
import { type FilterEvent, filterEvents, type FilterPhase } from '../../protocol/opensmtpd-filter/names.ts';
import {
  configLines,
  dataLinePrefix,
  type FilterSurroundings,
  questionLine,
  reportLine,
} from '../../protocol/opensmtpd-filter/told-lines.ts';
import { LineReader } from '../../values/line-reader.ts';
import { FilterPipes } from './filter-pipes.ts';

/** Of what it sends. A line of a message has 1000 octets (RFC 5321 4.5.3.1.6), and many have more. */
export const mostLineBytes = 1024 * 1024;
/** Answers that nobody waits for any more, since their time was over or the client has gone. */
const mostGivenUp = 10_000;

export interface FilterProcessParts {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly surroundings: FilterSurroundings;
  /** Since 1970. */
  readonly nowMs: () => number;
  readonly onReady: () => void;
  /** It has ended. @param reason - a clause; undefined when it was to */
  readonly onGone: (reason: string | undefined) => void;
  /** A piece of its standard error. */
  readonly onComplaint: (piece: string) => void;
  /** It reports something about a session. */
  readonly onReport: (text: string) => void;
}

/** Takes the lines that a filter makes of a message. */
export interface LineSink {
  /** The next line, as Latin-1. @returns whether no more should come for now */
  take(line: string): boolean;
  failed(error: Error): void;
}

/** A message that a filter is shown. */
export interface LineStream {
  /** Tells the lines, with their ends, as Latin-1. @returns a promise when no more should be told until it resolves */
  write(lines: string): Promise<void> | undefined;
  /** What stands before each line. */
  readonly prefix: string;
  /** More may come again, after `take` has said that it should not. */
  resume(): void;
  /** Nobody waits for its lines any more. @param signal - of the wait */
  close(signal: AbortSignal): void;
}

interface OpenStream {
  readonly session: string;
  readonly sink: LineSink;
  /** When it was opened, or its last line came, by `performance.now()`. */
  heardAtMs: number;
}

interface Pending {
  readonly session: string;
  resolve(decision: FilterDecision): void;
  reject(error: Error): void;
}

export class FilterProcess {
  readonly phases = new Set<FilterPhase>();
  readonly events = new Set<FilterEvent>();
  readonly #parts: FilterProcessParts;
  readonly #pipes: FilterPipes;
  readonly #lines = new LineReader(mostLineBytes);
  readonly #questions = new Map<string, Pending>();
  readonly #streams = new Map<string, OpenStream>();
  readonly #givenUp = new Set<string>();
  #isReady = false;
  #isRetired = false;
  #gone: string | undefined;
  /** When it has sent something last, by `performance.now()`. */
  #heardAtMs = 0;

  /** @throws {Error} with the system's error, when no process can be started */
  constructor(parts: FilterProcessParts) {
    this.#parts = parts;
    this.#pipes = new FilterPipes({
      command: parts.command,
      environment: parts.environment,
      onOutput: (piece) => this.#received(piece),
      onComplaint: parts.onComplaint,
      onEnded: (reason) => this.#end(reason),
    });
    for (const line of configLines(parts.surroundings)) this.#say(line);
  }

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  /** Tells it of an event, if it wants to know. */
  tell(event: FilterEvent, session: string, values: readonly string[] = []): void {
    if (!this.events.has(event) || this.#gone !== undefined) return;
    const { surroundings, nowMs } = this.#parts;
    this.#say(reportLine(surroundings.version, nowMs(), event, session, values));
  }

  /**
   * Asks it.
   * @param signal - ends the wait
   * @throws {Error} with a clause about what went wrong
   */
  ask(
    phase: Exclude<FilterPhase, 'data-line'>,
    session: string,
    values: readonly string[],
    signal: AbortSignal,
  ): Promise<FilterDecision> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(new Error(this.#gone));
        return;
      }
      const token = newId();
      const askedAtMs = performance.now();
      const giveUp = (): void => {
        this.#questions.delete(token);
        this.#giveUp(token, askedAtMs, signal);
        reject(new Error('it was given up'));
      };
      const done = (): void => signal.removeEventListener('abort', giveUp);
      signal.addEventListener('abort', giveUp);
      this.#questions.set(token, {
        session,
        resolve: (decision) => {
          done();
          resolve(decision);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      const { surroundings, nowMs } = this.#parts;
      this.#say(questionLine(surroundings.version, nowMs(), phase, { session, token }, values));
    });
  }

  /** Begins to show it a message. */
  open(session: string, sink: LineSink): LineStream {
    const token = newId();
    const { surroundings, nowMs } = this.#parts;
    if (this.#gone !== undefined) sink.failed(new Error(this.#gone));
    else this.#streams.set(token, { session, sink, heardAtMs: performance.now() });
    return {
      prefix: dataLinePrefix(surroundings.version, nowMs(), { session, token }),
      write: (lines) => this.#pipes.write(lines, 'latin1'),
      resume: () => this.#pipes.resume(),
      close: (signal) => {
        this.#pipes.resume();
        const stream = this.#streams.get(token);
        if (stream === undefined) return;
        this.#streams.delete(token);
        this.#giveUp(token, stream.heardAtMs, signal);
      },
    };
  }

  /** Nobody begins anything with it any more: it ends when it has answered. */
  retire(): void {
    this.#isRetired = true;
    this.#endIfIdle();
  }

  /** Ends it now, and whatever it has started. @param reason - a clause */
  kill(reason: string | undefined): void {
    this.#end(reason);
  }

  /**
   * It may be that it answers later: that answer is for nobody. One that has sent nothing since, for no session, hangs.
   * @param sinceMs - when it was asked, or its last line of this message came
   */
  #giveUp(token: string, sinceMs: number, signal: AbortSignal): void {
    if (this.#gone !== undefined) return;
    this.#givenUp.add(token);
    const isLate = String((signal.reason as Error | undefined)?.message).startsWith('it did not answer');
    if (isLate && this.#heardAtMs <= sinceMs) this.#end('it sent nothing while it was waited for');
    else if (this.#givenUp.size > mostGivenUp) this.#end('it leaves too many questions unanswered');
    else this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (!this.#isRetired || this.#gone !== undefined) return;
    if (this.#questions.size > 0 || this.#streams.size > 0) return;
    this.#pipes.finish(() => this.#end(undefined));
  }

  #say(line: string): void {
    void this.#pipes.write(`${line}\n`, 'utf8');
  }

  #received(piece: Buffer): void {
    this.#heardAtMs = performance.now();
    const lines = this.#lines.add(piece.toString('latin1'));
    for (const line of lines) {
      if (this.#gone !== undefined) return;
      const why = line.length > mostLineBytes ? lineTooLong : this.#take(line.replace(/\r$/u, ''));
      if (why !== undefined) this.#end(why);
    }
    if (this.#lines.isTooLong) this.#end(lineTooLong);
  }

  /** @returns what is wrong with the line */
  #take(text: string): string | undefined {
    const line = readFilterLine(text);
    if (typeof line === 'string') return line;
    if (this.#isReady !== (line.kind === 'result' || line.kind === 'data-line' || line.kind === 'report'))
      return this.#isReady ? 'it registers after it was ready' : 'it answers before it is ready';
    switch (line.kind) {
      case 'register-filter':
        this.phases.add(line.phase);
        return undefined;
      case 'register-report':
        for (const event of line.event === '*' ? filterEvents : [line.event]) this.events.add(event);
        return undefined;
      case 'register-other':
        return undefined;
      case 'ready':
        this.#isReady = true;
        this.#parts.onReady();
        return undefined;
      case 'report':
        this.#parts.onReport(line.text);
        return undefined;
      case 'result':
        return this.#answered(line.session, line.token, line.decision);
      case 'data-line':
        return this.#line(line.session, line.token, line.line);
    }
  }

  #answered(session: string, token: string, decision: FilterDecision): string | undefined {
    const pending = this.#questions.get(token);
    if (pending === undefined) return this.#givenUp.delete(token) ? undefined : notAsked;
    if (pending.session !== session) return 'it answered a question about one session for another';
    this.#questions.delete(token);
    pending.resolve(decision);
    this.#endIfIdle();
    return undefined;
  }

  #line(session: string, token: string, line: string): string | undefined {
    const stream = this.#streams.get(token);
    if (stream === undefined) {
      if (!this.#givenUp.has(token)) return notAsked;
      if (line === '.') this.#givenUp.delete(token);
      return undefined;
    }
    if (stream.session !== session) return 'it sent a line of a message of one session for another';
    stream.heardAtMs = this.#heardAtMs;
    if (line === '.') this.#streams.delete(token);
    if (stream.sink.take(line)) this.#pipes.pause();
    this.#endIfIdle();
    return undefined;
  }

  #end(reason: string | undefined): void {
    if (this.#gone !== undefined) return;
    this.#gone = reason ?? 'it is not used any more';
    const error = new Error(this.#gone);
    this.#pipes.kill();
    for (const pending of this.#questions.values()) pending.reject(error);
    this.#questions.clear();
    for (const { sink } of this.#streams.values()) sink.failed(error);
    this.#streams.clear();
    this.#parts.onGone(this.#isRetired ? undefined : reason);
  }
}

const lineTooLong = `it sent a line of more than ${mostLineBytes} bytes`;
const notAsked = 'it answered what it was not asked';

/** 16 hexadecimal digits, as sessions and tokens have. */
export function newId(): string {
  return randomBytes(8).toString('hex');
}
