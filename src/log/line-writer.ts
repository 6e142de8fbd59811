// Writes log lines to a file, a pipe or a terminal. Lines are gathered for a moment and leave in one write, and the program
// never waits for them. Promises: lines stay in order and whole, also after a full disk; what cannot be written now is kept,
// up to a bound, and tried again; lines dropped beyond the bound are counted, and a line says how many they were.

import type { TroubleKey } from '../stats/trouble-kinds.ts';
import type { Troubles } from '../stats/troubles.ts';
import { LogTarget } from './log-target.ts';
import { LogTrouble } from './log-trouble.ts';
import { PendingLines } from './pending-lines.ts';

/** How long lines are gathered: a write costs a thread hop and a system call, whatever its length. */
const gatherMs = 20;
/** After this time a full pipe is tried again; the time doubles up to the second value. */
const firstFullMs = 5;
const lastFullMs = 100;
/** After this time a failed write or a failed opening is tried again. */
const retryMs = 1_000;
/** A reader that takes nothing for this long has stopped reading. */
const stuckMs = 10_000;
/** How long `close` and the end of the process wait for a reader. */
const closeMs = 2_000;
/** Size of pieces while no file could be opened yet. */
const usualPieceSize = 1 << 18;

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
  /** Told when lines cannot be written. */
  readonly troubles?: Troubles | undefined;
  /** A file that cannot be opened is no error: lines are kept, and opening is tried again. */
  readonly mayOpenLater?: boolean | undefined;
  readonly troubleKey?: TroubleKey | undefined;
}

export class LineWriter implements LineSink {
  readonly #path: string | undefined;
  readonly #lines: PendingLines;
  readonly #trouble: LogTrouble;
  /** Undefined while the file could not be opened even once. */
  #target: LogTarget | undefined;
  /** Targets that were replaced while a write to them was under way; they are closed after it. */
  #replaced: LogTarget[] = [];
  /** The bytes that are being written, or are tried again. */
  #piece: Buffer | undefined;
  /** The file may end with a part of a line, which another process or an earlier run has left. */
  #mayEndTorn = true;
  #isWriting = false;
  #isClosed = false;
  #cannotWrite = false;
  /** The reader of standard output has ended, and no other can take its place. */
  #hasNoReader = false;
  #fullMs = firstFullMs;
  #flushes: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Runs while a piece is not written. */
  #stuckTimer: NodeJS.Timeout | undefined;
  /** Runs while the file of this name could not be opened. */
  #reopenTimer: NodeJS.Timeout | undefined;
  readonly #next = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isWriting) this.#writeNext();
  };
  readonly #onExit = (): void => this.#writeRestSync();

  /** @throws {LogError} when the file cannot be opened, unless it may be opened later. */
  constructor({ target, droppedLine, troubles, mayOpenLater = false, troubleKey }: LineWriterOptions) {
    this.#path = typeof target === 'string' ? target : undefined;
    this.#lines = new PendingLines(droppedLine);
    this.#trouble = new LogTrouble(this.#path ?? 'standard output', troubles, troubleKey);
    if (typeof target === 'number') this.#target = LogTarget.of(target);
    else {
      try {
        this.#open(target);
      } catch (error) {
        if (!mayOpenLater) {
          clearTimeout(this.#reopenTimer);
          throw error;
        }
      }
    }
    process.on('exit', this.#onExit);
  }

  write(line: string): void {
    if (this.#hasNoReader) return;
    this.#lines.add(line, this.#pieceSize);
    if (this.#timer === undefined && !this.#isWriting) this.#wake(gatherMs);
  }

  flush(): Promise<void> {
    if (this.#isIdle || this.#cannotWrite) return Promise.resolve();
    const flushed = new Promise<void>((resolve) => this.#flushes.push(resolve));
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
    this.#isClosed = true;
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
    return this.#target?.pieceSize ?? usualPieceSize;
  }

  #wake(delayMs: number): void {
    this.#timer ??= setTimeout(this.#next, delayMs);
    // Lines that wait do not keep the program running; a flush does.
    if (this.#flushes.length === 0) this.#timer.unref();
  }

  /** Opens the file that has this name now: everything from here on is written to it. */
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
      // `#open` has raised the trouble, and tries again in a second.
    }
  }

  #writeNext(): void {
    const target = this.#target;
    if (target === undefined) {
      this.#resolveFlushes();
      this.#wake(retryMs);
      return;
    }
    const oldest = this.#piece ?? this.#lines.take(target.pieceSize);
    if (oldest === undefined) {
      this.#resolveFlushes();
      return;
    }
    const piece = this.#startingNewLine(target, oldest);
    this.#piece = piece;
    this.#isWriting = true;
    this.#stuckTimer ??= setInterval(() => this.#raiseStuck(), stuckMs).unref();
    target.write(piece, lengthOfWholeLines(piece, target.pieceSize), (error, written) => {
      this.#isWriting = false;
      for (const replaced of this.#replaced) replaced.close();
      this.#replaced = [];
      if (this.#isClosed) target.close();
      else if (error === null) this.#written(target, piece, written);
      else this.#notWritten(error);
    });
  }

  /** The piece, with a line feed in front when the file ends with a part of a line. */
  #startingNewLine(target: LogTarget, piece: Buffer): Buffer {
    const isTorn = this.#mayEndTorn && target.mendEnd(nothing);
    this.#mayEndTorn = false;
    if (!isTorn || piece[0] === lineFeed) return piece;
    return Buffer.concat([Buffer.of(lineFeed), piece]);
  }

  #written(target: LogTarget, piece: Buffer, written: number): void {
    this.#stopStuckTimer();
    this.#fullMs = firstFullMs;
    this.#piece = written < piece.length ? piece.subarray(written) : undefined;
    const lineStart = piece.lastIndexOf(lineFeed, written - 1) + 1;
    if (written < piece.length && (written === 0 || (target.canMend && lineStart < written))) {
      // A full disk cut off a line: its beginning is removed from the file at once, and the whole line is written later.
      this.#mayEndTorn = target.mendEnd(piece.subarray(lineStart, written));
      this.#piece = piece.subarray(lineStart);
      this.#retryLater('no room on its disk for a whole line');
      return;
    }
    this.#cannotWrite = false;
    if (this.#reopenTimer === undefined) this.#trouble.clear();
    this.#writeNext();
  }

  #notWritten(error: NodeJS.ErrnoException): void {
    if (error.code === 'EAGAIN' || error.code === 'EINTR') {
      // The pipe is full.
      this.#wake(this.#fullMs);
      this.#fullMs = Math.min(lastFullMs, this.#fullMs * 2);
      return;
    }
    this.#stopStuckTimer();
    if (this.#path === undefined && (error.code === 'EPIPE' || error.code === 'EBADF')) this.#readerEnded();
    else {
      this.#mayEndTorn = true;
      this.#retryLater(error.message);
    }
  }

  /** Keeps what could not be written, and tries it again. */
  #retryLater(reason: string): void {
    this.#cannotWrite = true;
    this.#trouble.raise(reason, this.#lines.isDropping);
    this.#wake(retryMs);
    this.#resolveFlushes();
  }

  #readerEnded(): void {
    this.#hasNoReader = true;
    this.#piece = undefined;
    this.#lines.clear();
    this.#trouble.raiseGone();
    this.#resolveFlushes();
  }

  #stopStuckTimer(): void {
    clearInterval(this.#stuckTimer);
    this.#stuckTimer = undefined;
  }

  #raiseStuck(): void {
    this.#trouble.raise('nobody reads it', this.#lines.isDropping);
  }

  #resolveFlushes(): void {
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const resolve of flushes) resolve();
  }

  #writeRestSync(): void {
    const target = this.#target;
    if (target === undefined || this.#hasNoReader || this.#cannotWrite) return;
    // A piece whose write is under way is written by another thread.
    let piece = this.#isWriting ? undefined : this.#piece;
    piece ??= this.#lines.take(target.pieceSize);
    const endMs = performance.now() + closeMs;
    for (; piece !== undefined; piece = this.#lines.take(target.pieceSize)) {
      piece = this.#startingNewLine(target, piece);
      while (piece.length > 0) {
        const written = target.writeSync(piece, lengthOfWholeLines(piece, target.pieceSize), endMs);
        if (written === 0) return;
        piece = piece.subarray(written);
      }
    }
  }
}

/** How many bytes of a piece go into one write. It was cut by characters, of which UTF-8 makes more bytes. */
function lengthOfWholeLines(piece: Buffer, pieceSize: number): number {
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
