// Carries log lines to a file, a pipe or a terminal: lines are gathered for a moment and leave in one write, and the program
// never waits for them. Promises: order; whole lines (pieces of at most PIPE_BUF bytes to anything that is not a regular
// file, so that processes which share one pipe do not tear each other's lines); a bounded buffer, whose overflow is counted.

import { close, closeSync, fstatSync, openSync, write, writeSync } from 'node:fs';

import { LogError } from './log-error.ts';

/** POSIX: a write to a pipe of at most this many bytes is atomic (Linux: 4096). */
const pipeBuf = 4096;
/** A regular file opened for appending takes larger pieces whole. */
const filePiece = 1 << 18;
/** How long lines are gathered: a write costs a thread hop and a system call, whatever its length. */
const gatherMs = 20;
/** Beyond this many characters that nobody takes, lines are dropped and counted. */
const mostPending = 16 << 20;

/** Takes complete lines, each with its line end. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when all lines so far are written. */
  flush(): Promise<void>;
  /**
   * Opens the file of this name again, after it was rotated.
   * @throws {LogError} when it cannot be opened; then the old one is written on.
   */
  reopen(): void;
  /** Writes the rest and closes what was opened here. */
  close(): Promise<void>;
}

/** Writes lines to a file (by name: opened for appending) or to an open file descriptor. */
export class LineWriter implements LineSink {
  readonly #path: string | undefined;
  #fd: number;
  #pieceSize: number;
  /** Full pieces, oldest first, and the one being filled; each holds whole lines. */
  readonly #pieces: string[] = [];
  #filling = '';
  #pendingLength = 0;
  #dropped = 0;
  #busy = false;
  #idle: (() => void)[] = [];
  #gathering: NodeJS.Timeout | undefined;
  readonly #drain = (): void => {
    this.#gathering = undefined;
    this.#writeNext();
  };
  readonly #onExit = (): void => this.#writeRestSync();

  /** @throws {LogError} when the file cannot be opened. */
  constructor(target: string | number) {
    this.#path = typeof target === 'string' ? target : undefined;
    this.#fd = typeof target === 'string' ? openForAppend(target) : target;
    this.#pieceSize = pieceSizeOf(this.#fd);
    process.on('exit', this.#onExit);
  }

  write(line: string): void {
    if (this.#pendingLength + line.length > mostPending) {
      this.#dropped += 1;
      return;
    }
    if (this.#filling !== '' && this.#filling.length + line.length > this.#pieceSize) {
      this.#pieces.push(this.#filling);
      this.#filling = line;
    } else {
      this.#filling += line;
    }
    this.#pendingLength += line.length;
    if (!this.#busy) {
      this.#busy = true;
      this.#gathering = setTimeout(this.#drain, gatherMs).unref();
    }
  }

  flush(): Promise<void> {
    if (!this.#busy) return Promise.resolve();
    if (this.#gathering !== undefined) {
      clearTimeout(this.#gathering);
      this.#gathering = undefined; // a second flush must not start a second chain of writes
      setImmediate(this.#drain);
    }
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  reopen(): void {
    if (this.#path === undefined) return;
    const old = this.#fd;
    this.#fd = openForAppend(this.#path);
    this.#pieceSize = pieceSizeOf(this.#fd);
    // A write to the old one may be under way: it is closed when that is over.
    void this.flush().then(() => close(old, () => {}));
  }

  async close(): Promise<void> {
    await this.flush();
    process.off('exit', this.#onExit);
    if (this.#path !== undefined) closeSync(this.#fd);
  }

  /** The oldest piece; undefined when nothing is left. */
  #nextPiece(): Buffer | undefined {
    if (this.#dropped > 0 && this.#pendingLength < mostPending / 2) {
      const dropped = this.#dropped;
      this.#dropped = 0;
      this.write(`{"level":"warn","msg":"log lines were dropped: nobody took them","dropped":${dropped}}\n`);
    }
    let text = this.#pieces.shift();
    if (text === undefined) {
      text = this.#filling;
      this.#filling = '';
    }
    this.#pendingLength -= text.length;
    return text === '' ? undefined : Buffer.from(text);
  }

  #writeNext(): void {
    const piece = this.#nextPiece();
    if (piece !== undefined) {
      this.#writeAll(piece);
      return;
    }
    this.#busy = false;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #writeAll(piece: Buffer): void {
    const length = this.#wholeLines(piece);
    write(this.#fd, piece, 0, length, null, (error, written) => {
      if (error !== null && (error.code === 'EAGAIN' || error.code === 'EINTR')) {
        // A pipe that another process made non-blocking, and that is full.
        setTimeout(() => this.#writeAll(piece), 5);
      } else if (error === null && written < piece.length) {
        this.#writeAll(piece.subarray(written));
      } else {
        // Any other error: there is nowhere to report it. The lines are lost, mail goes on.
        this.#writeNext();
      }
    });
  }

  /** How much of a piece goes into one write: it was cut by characters, and UTF-8 may have made it longer. */
  #wholeLines(piece: Buffer): number {
    if (piece.length <= this.#pieceSize) return piece.length;
    const end = piece.lastIndexOf(0x0a, this.#pieceSize - 1);
    // One line longer than a piece cannot be kept whole: it goes as one write.
    return end === -1 ? piece.indexOf(0x0a) + 1 || piece.length : end + 1;
  }

  #writeRestSync(): void {
    for (let piece = this.#nextPiece(); piece !== undefined; piece = this.#nextPiece()) {
      try {
        while (piece.length > 0)
          piece = piece.subarray(writeSync(this.#fd, piece, 0, this.#wholeLines(piece)));
      } catch {
        return;
      }
    }
  }
}

function openForAppend(path: string): number {
  try {
    return openSync(path, 'a', 0o640);
  } catch (error) {
    throw new LogError(path, error);
  }
}

function pieceSizeOf(fd: number): number {
  return fstatSync(fd).isFile() ? filePiece : pipeBuf;
}
