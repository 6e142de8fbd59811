// Carries log lines to a file, a pipe or a terminal: the lines of one turn leave in one write, and the program never
// waits for them. Promises: order; whole lines (pieces of at most PIPE_BUF bytes to anything that is not a regular
// file, so that processes which share one pipe do not tear each other's lines); a bounded buffer, whose overflow is counted.

import { close, closeSync, fstatSync, openSync, write, writeSync } from 'node:fs';

/** POSIX: a write to a pipe of at most this many bytes is atomic (Linux: 4096). */
const pipeBuf = 4096;
/** A regular file opened for appending takes larger pieces whole. */
const filePiece = 1 << 18;
/** Beyond this many characters that nobody takes, lines are dropped and counted. */
const mostPending = 16 << 20;

/** Takes complete lines, each with its line end. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when all lines so far are written. */
  flush(): Promise<void>;
  /** Opens the file of this name again, after it was rotated. */
  reopen(): void;
  /** Writes the rest and closes what was opened here. */
  close(): Promise<void>;
}

/** Writes lines to a file (by name: opened for appending) or to an open file descriptor. */
export class LineWriter implements LineSink {
  readonly #path: string | undefined;
  #fd: number;
  #pieceSize: number;
  #lines: string[] = [];
  #pendingLength = 0;
  #dropped = 0;
  #busy = false;
  #idle: (() => void)[] = [];
  readonly #drain = (): void => this.#writeNext();
  readonly #onExit = (): void => this.#writeRestSync();

  /** @throws when the file cannot be opened. */
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
    this.#lines.push(line);
    this.#pendingLength += line.length;
    if (!this.#busy) {
      this.#busy = true;
      setImmediate(this.#drain);
    }
  }

  flush(): Promise<void> {
    if (!this.#busy) return Promise.resolve();
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

  /** Takes as many whole lines as fit one piece. */
  #nextPiece(): Buffer {
    if (this.#dropped > 0 && this.#pendingLength < mostPending / 2) {
      this.#lines.push(
        `{"level":"warn","msg":"log lines were dropped: nobody took them","dropped":${this.#dropped}}\n`,
      );
      this.#dropped = 0;
    }
    let count = 0;
    let bytes = 0;
    while (count < this.#lines.length) {
      const line = this.#lines[count] ?? '';
      const more = Buffer.byteLength(line);
      if (count > 0 && bytes + more > this.#pieceSize) break;
      bytes += more;
      this.#pendingLength -= line.length;
      count += 1;
    }
    const taken = count === this.#lines.length ? this.#lines : this.#lines.slice(0, count);
    this.#lines = count === this.#lines.length ? [] : this.#lines.slice(count);
    return Buffer.from(taken.join(''));
  }

  #writeNext(): void {
    if (this.#lines.length === 0) {
      this.#busy = false;
      const idle = this.#idle;
      this.#idle = [];
      for (const resolve of idle) resolve();
      return;
    }
    this.#writeAll(this.#nextPiece());
  }

  #writeAll(piece: Buffer): void {
    write(this.#fd, piece, 0, piece.length, null, (error, written) => {
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

  #writeRestSync(): void {
    while (this.#lines.length > 0) {
      const piece = this.#nextPiece();
      try {
        writeSync(this.#fd, piece);
      } catch {
        return;
      }
    }
  }
}

function openForAppend(path: string): number {
  return openSync(path, 'a', 0o640);
}

function pieceSizeOf(fd: number): number {
  return fstatSync(fd).isFile() ? filePiece : pipeBuf;
}
