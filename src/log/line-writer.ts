// Carries log lines to a file, a pipe or a terminal: lines are gathered for a moment and leave in one write, and the program
// never waits for them. Promises: order; whole lines, also after a full disk; what cannot be written now is kept, up to a
// bound, and tried again; what is dropped beyond it is counted, and a line says how many as soon as one can be written.

import type { Troubles } from '../stats/troubles.ts';
import { LogTarget } from './log-target.ts';
import { LogTrouble } from './log-trouble.ts';
import { PendingLines } from './pending-lines.ts';

/** How long lines are gathered: a write costs a thread hop and a system call, whatever its length. */
const gatherMs = 20;
/** How soon a pipe that is full is tried again: later each time. */
const firstFullMs = 5;
const lastFullMs = 100;
/** How soon what failed is tried again. */
const retryMs = 1_000;
/** A reader that takes nothing for this long has stopped reading. */
const stuckMs = 10_000;
/** How long an end waits for a reader. */
const closeMs = 2_000;
/** Of a file that could not be opened so far. */
const usualPiece = 1 << 18;

const lineFeed = 0x0a;
const nothing = Buffer.alloc(0);

/** Takes complete lines, each with its line end. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when all lines so far are written, or cannot be. */
  flush(): Promise<void>;
  /**
   * Opens the file of this name again, after it was rotated.
   * @throws {LogError} when it cannot be opened: the old one is written on, and opening is tried again.
   */
  reopen(): void;
  /** Writes the rest, if it can be written, and closes what was opened here. */
  close(): Promise<void>;
}

export interface LineWriterOptions {
  /** A file's name, opened for appending, or an open file descriptor. */
  readonly target: string | number;
  /** The line that says how many were dropped, with its line end. */
  readonly droppedLine: (count: number) => string;
  /** Hears when lines cannot be written. */
  readonly troubles?: Troubles | undefined;
  /** Begins without the file when it cannot be opened, keeps the lines, and tries again. */
  readonly isPatient?: boolean | undefined;
}

export class LineWriter implements LineSink {
  readonly #path: string | undefined;
  readonly #lines: PendingLines;
  readonly #trouble: LogTrouble;
  /** Undefined while the file could not be opened even once. */
  #target: LogTarget | undefined;
  /** Replaced while a write to them was under way. */
  #replaced: LogTarget[] = [];
  /** What is being written or tried again; begins with a whole line. */
  #piece: Buffer | undefined;
  /** The file may end with half a line, which another process or an earlier run has left. */
  #mayEndTorn = true;
  #isWriting = false;
  #cannotWrite = false;
  /** Nobody will ever read on: the reader of standard output has ended. */
  #isGone = false;
  #fullMs = firstFullMs;
  #idle: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Runs while the oldest piece is not taken. */
  #stuckTimer: NodeJS.Timeout | undefined;
  /** Runs while the file of this name could not be opened. */
  #reopenTimer: NodeJS.Timeout | undefined;
  readonly #next = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isWriting) this.#writeNext();
  };
  readonly #onExit = (): void => this.#writeRestSync();

  /** @throws {LogError} when the file cannot be opened, unless the writer is patient. */
  constructor({ target, droppedLine, troubles, isPatient = false }: LineWriterOptions) {
    this.#path = typeof target === 'string' ? target : undefined;
    this.#lines = new PendingLines(droppedLine);
    this.#trouble = new LogTrouble(this.#path ?? 'standard output', troubles);
    if (typeof target === 'number') this.#target = LogTarget.of(target);
    else {
      try {
        this.#open(target);
      } catch (error) {
        if (!isPatient) {
          clearTimeout(this.#reopenTimer);
          throw error;
        }
      }
    }
    process.on('exit', this.#onExit);
  }

  write(line: string): void {
    if (this.#isGone) return;
    this.#lines.add(line, this.#pieceSize);
    if (this.#timer === undefined && !this.#isWriting) this.#wake(gatherMs);
  }

  flush(): Promise<void> {
    if (this.#isIdle || this.#cannotWrite) return Promise.resolve();
    const flushed = new Promise<void>((resolve) => this.#idle.push(resolve));
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined; // a second flush must not start a second chain of writes
      setImmediate(this.#next);
    }
    return flushed;
  }

  reopen(): void {
    if (this.#path !== undefined) this.#open(this.#path);
  }

  async close(): Promise<void> {
    this.#cannotWrite = false; // one more try: there may be room by now
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, closeMs);
    await Promise.race([this.flush(), late.promise]);
    for (const each of [timer, this.#timer, this.#stuckTimer, this.#reopenTimer]) clearTimeout(each);
    process.off('exit', this.#onExit);
    const lost = this.#lines.clear() + linesIn(this.#piece ?? nothing);
    // Standard error is the only place left.
    if (lost > 0)
      process.stderr.write(`sluice: ${lost} lines of the log could not be written and are lost\n`);
    if (!this.#isWriting) this.#target?.close();
  }

  get #isIdle(): boolean {
    return this.#piece === undefined && this.#lines.isEmpty;
  }

  get #pieceSize(): number {
    return this.#target?.pieceSize ?? usualPiece;
  }

  #wake(delayMs: number): void {
    this.#timer ??= setTimeout(this.#next, delayMs);
    // Only a flush that is waited for keeps the program alive for what is left.
    if (this.#idle.length === 0) this.#timer.unref();
  }

  /** Takes the file that has this name now for all that is written from here on. */
  #open(path: string): void {
    try {
      const target = LogTarget.open(path);
      if (this.#isWriting && this.#target !== undefined) this.#replaced.push(this.#target);
      else this.#target?.close();
      this.#target = target;
      this.#mayEndTorn = true;
      clearTimeout(this.#reopenTimer);
      this.#reopenTimer = undefined;
      if (!this.#cannotWrite) this.#trouble.clear();
    } catch (error) {
      this.#trouble.raise(error instanceof Error ? error.message : String(error), this.#lines.isDropping);
      clearTimeout(this.#reopenTimer);
      this.#reopenTimer = setTimeout(() => this.#reopenAgain(path), retryMs).unref();
      throw error;
    }
  }

  #reopenAgain(path: string): void {
    try {
      this.#open(path);
    } catch {
      // It is tried again in a second; until then the trouble tells of it.
    }
  }

  #writeNext(): void {
    const target = this.#target;
    if (target === undefined) {
      this.#settle();
      this.#wake(retryMs);
      return;
    }
    const oldest = this.#piece ?? this.#lines.take(target.pieceSize);
    if (oldest === undefined) {
      this.#settle();
      return;
    }
    const piece = this.#afterWholeLine(target, oldest);
    this.#piece = piece;
    this.#isWriting = true;
    this.#stuckTimer ??= setInterval(() => this.#stuck(), stuckMs).unref();
    target.write(piece, wholeLines(piece, target.pieceSize), (error, written) => {
      this.#isWriting = false;
      for (const replaced of this.#replaced) replaced.close();
      this.#replaced = [];
      if (error === null) this.#written(target, piece, written);
      else this.#notWritten(error);
    });
  }

  /** The piece, once the file ends with a whole line: with a line feed in front where it does not. */
  #afterWholeLine(target: LogTarget, piece: Buffer): Buffer {
    const isTorn = this.#mayEndTorn && target.endsTorn(nothing);
    this.#mayEndTorn = false;
    if (!isTorn || piece[0] === lineFeed) return piece;
    return Buffer.concat([Buffer.of(lineFeed), piece]);
  }

  #written(target: LogTarget, piece: Buffer, written: number): void {
    this.#taken();
    this.#fullMs = firstFullMs;
    this.#piece = written < piece.length ? piece.subarray(written) : undefined;
    const lineStart = piece.lastIndexOf(lineFeed, written - 1) + 1;
    if (written < piece.length && (written === 0 || (target.canMend && lineStart < written))) {
      // A full disk cut off a line: what is in the file of it is taken back at once, and it is written whole later.
      this.#mayEndTorn = target.endsTorn(piece.subarray(lineStart, written));
      this.#piece = piece.subarray(lineStart);
      this.#failed('no room on its disk for a whole line');
      return;
    }
    this.#cannotWrite = false;
    if (this.#reopenTimer === undefined) this.#trouble.clear();
    this.#writeNext();
  }

  #notWritten(error: NodeJS.ErrnoException): void {
    if (error.code === 'EAGAIN' || error.code === 'EINTR') {
      // A pipe that is full.
      this.#wake(this.#fullMs);
      this.#fullMs = Math.min(lastFullMs, this.#fullMs * 2);
      return;
    }
    this.#taken();
    if (this.#path === undefined && (error.code === 'EPIPE' || error.code === 'EBADF')) this.#gone();
    else {
      this.#mayEndTorn = true;
      this.#failed(error.message);
    }
  }

  /** What could not be written is kept, and tried again. */
  #failed(reason: string): void {
    this.#cannotWrite = true;
    this.#trouble.raise(reason, this.#lines.isDropping);
    this.#wake(retryMs);
    this.#settle();
  }

  #gone(): void {
    this.#isGone = true;
    this.#piece = undefined;
    this.#lines.clear();
    this.#trouble.raiseGone();
    this.#settle();
  }

  #taken(): void {
    clearInterval(this.#stuckTimer);
    this.#stuckTimer = undefined;
  }

  #stuck(): void {
    this.#trouble.raise('nobody reads it', this.#lines.isDropping);
  }

  #settle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #writeRestSync(): void {
    const target = this.#target;
    if (target === undefined || this.#isGone || this.#cannotWrite) return;
    // What is under way in another thread is written there.
    let piece = this.#isWriting ? undefined : this.#piece;
    piece ??= this.#lines.take(target.pieceSize);
    const endMs = performance.now() + closeMs;
    for (; piece !== undefined; piece = this.#lines.take(target.pieceSize)) {
      piece = this.#afterWholeLine(target, piece);
      while (piece.length > 0) {
        const written = target.writeSync(piece, wholeLines(piece, target.pieceSize), endMs);
        if (written === 0) return;
        piece = piece.subarray(written);
      }
    }
  }
}

/** How much of a piece goes into one write: it was cut by characters, and UTF-8 may have made it longer. */
function wholeLines(piece: Buffer, pieceSize: number): number {
  if (piece.length <= pieceSize) return piece.length;
  const end = piece.lastIndexOf(lineFeed, pieceSize - 1);
  // One line longer than a piece cannot be kept whole: it goes as one write.
  return end === -1 ? piece.indexOf(lineFeed) + 1 || piece.length : end + 1;
}

function linesIn(piece: Buffer): number {
  let count = 0;
  for (let at = piece.indexOf(lineFeed); at >= 0; at = piece.indexOf(lineFeed, at + 1)) count++;
  return count;
}
