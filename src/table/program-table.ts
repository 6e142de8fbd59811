// A program of the administrator as a table: of mailboxes, which are there or not, or of values, which it prints. Promises: the programs that run at a time are bounded,
// and so are the line of those who wait for one, the time of each, and the answers that are kept; a program that fails says nothing
// about a mailbox, and its failure is not kept.

import { isUtf8 } from 'node:buffer';
import type { Places } from '../io/places.ts';
import { runProgram } from '../io/run-program.ts';
import { absent, type Answer, found, type Table } from './table.ts';

/** Says of an exit code whether the mailbox is there; undefined: the program cannot tell. */
export type ReadExit = (code: number) => boolean | undefined;

/** Exit codes of s/qmail's and checkpassword's kind: 100 is a permanent error; 1 is what a shell script says. */
const usualExit: ReadExit = (code) => (code === 0 ? true : code === 1 || code === 100 ? false : undefined);
/** What it prints is of no interest. */
const mostPrintedBytes = 64 * 1024;
/** The most of a line of its standard error that is logged. */
const mostComplaint = 1000;
/** Answers that are kept, some hundred bytes each. */
const mostKept = 10_000;

export interface ProgramTableParts {
  /** The program by its absolute path, and arguments; the mailbox follows them, unless it is handed over in another way. */
  readonly command: readonly string[];
  /** Where it is run; not given: where Sluice was started. */
  readonly folder?: string | undefined;
  /** Not given: the mailbox is the last argument. Otherwise this is what the program reads on descriptor 3. */
  readonly input3?: ((mailbox: string) => Uint8Array) | undefined;
  /** 0: it is there; 1 and 100: it is not; others cannot tell, when not given. */
  readonly readExit?: ReadExit | undefined;
  /** The line that it prints is the value of what is there; without one, nothing is there. Not given: there are no values. */
  readonly hasValues?: true;
  /** The variable that has the mailbox; `RECIPIENT` if not given. */
  readonly variable?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** With the wait for others. */
  readonly timeLimitMs: number;
  /** For so long an answer is kept; 0 for not at all. */
  readonly keepMs: number;
  readonly places: Places;
  readonly nowMs: () => number;
  /** Gets a line about each failure, and each line that the program writes to its standard error. */
  readonly complain: (line: string) => void;
}

interface Kept {
  readonly answer: Answer;
  readonly untilMs: number;
}

export class ProgramTable implements Table {
  readonly name = 'program';
  readonly #parts: ProgramTableParts;
  /** In the order in which they were kept, which is that in which they are over. */
  readonly #kept = new Map<string, Kept>();
  /** Those that are being asked: many sessions may wait for one program. */
  readonly #asked = new Map<string, Promise<Answer>>();
  /** A program is never ended before its time. */
  readonly #running = new AbortController();

  constructor(parts: ProgramTableParts) {
    this.#parts = parts;
  }

  /** Answers that are kept. */
  get kept(): number {
    return this.#kept.size;
  }

  /** Asks for one key after the other, until one is found. A program says itself whether a domain takes mail to any name. */
  async lookup(keys: readonly string[]): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    let isFound = false;
    for (const key of keys) {
      const answer: Answer = isFound || key.startsWith('@') ? absent : await this.#answerTo(key);
      isFound ||= answer.kind === 'found';
      answers.push(answer);
    }
    return answers;
  }

  #answerTo(key: string): Answer | Promise<Answer> {
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > this.#parts.nowMs()) return kept.answer;
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = this.#ask(key).finally(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    return asked;
  }

  async #ask(key: string): Promise<Answer> {
    const { places, timeLimitMs, keepMs, nowMs, complain } = this.#parts;
    const startedAtMs = nowMs();
    const place = await places.take(timeLimitMs);
    if (place !== 'place') {
      const why = place === 'full' ? 'too many wait already' : 'others took too long';
      return this.#failing(`it has no place to run: ${why}`);
    }
    let answer: Answer;
    try {
      answer = await this.#run(key, Math.max(1, timeLimitMs - (nowMs() - startedAtMs)));
    } catch (error) {
      answer = this.#failing(String(error));
    } finally {
      places.leave();
    }
    if (answer.kind === 'failing') complain(`${answer.reason}, asked for ${key}`);
    else if (keepMs > 0) this.#keep(key, { answer, untilMs: nowMs() + keepMs });
    return answer;
  }

  async #run(key: string, timeMs: number): Promise<Answer> {
    const { command, environment, folder, hasValues, input3 } = this.#parts;
    const { readExit = usualExit, variable = 'RECIPIENT' } = this.#parts;
    const limits = { timeMs, mostBytes: mostPrintedBytes, signal: this.#running.signal };
    const run = await runProgram(input3 === undefined ? [...command, key] : command, limits, {
      environment: { ...environment, [variable]: key },
      folder,
      input3: input3?.(key),
      onComplaint: this.#complaints(),
    });
    switch (run.kind) {
      case 'not-started':
        return this.#failing(`it cannot be started: ${run.code}`);
      case 'late':
        return this.#failing('it did not end in time, and was killed');
      case 'talkative':
        return this.#failing(`it printed more than ${mostPrintedBytes} bytes, and was killed`);
      case 'ended': {
        if (run.code === null) return this.#failing('it was ended by a signal');
        const isThere = readExit(run.code);
        if (isThere === undefined) return this.#failing(`it ended with the exit code ${run.code}`);
        if (!isThere) return absent;
        return hasValues === true ? valueIn(run.printed) : found;
      }
    }
  }

  /** Answers that are kept, or undefined when one of them is not. */
  lookupAtOnce(keys: readonly string[]): readonly Answer[] | undefined {
    const answers: Answer[] = [];
    for (const key of keys) {
      const kept = this.#kept.get(key);
      if (kept === undefined || kept.untilMs <= this.#parts.nowMs()) return undefined;
      answers.push(kept.answer);
    }
    return answers;
  }

  #failing(reason: string): Answer {
    return { kind: 'failing', reason };
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    for (const [oldest, { untilMs }] of this.#kept) {
      if (this.#kept.size < mostKept && untilMs > this.#parts.nowMs()) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(key, kept);
  }

  #complaints(): (piece: Buffer) => void {
    let rest = '';
    return (piece) => {
      const lines = (rest + piece.toString('utf8')).split('\n');
      rest = (lines.pop() ?? '').slice(0, mostComplaint);
      for (const line of lines) this.#parts.complain(line.slice(0, mostComplaint));
    };
  }
}

/** One line. What is no text, or has more lines, is a fault of the program. */
function valueIn(printed: Buffer): Answer {
  if (!isUtf8(printed)) return { kind: 'failing', reason: 'it printed something that is not UTF-8' };
  const value = printed
    .toString()
    .replace(/\r?\n$/u, '')
    .trim();
  if (/[\0-\x1f\x7f]/u.test(value))
    return { kind: 'failing', reason: 'it printed more than one line of text' };
  return value === '' ? absent : { kind: 'found', values: [value] };
}
