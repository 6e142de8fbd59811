// Where log lines go: a file that several processes append to, a pipe, a terminal. Knows how to open it, how much of
// it is written whole, and how to mend a line that a full disk has cut off, so that the next one is not spoiled.

import {
  close,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  write,
  writeSync,
} from 'node:fs';

import { LogError } from './log-error.ts';

/** POSIX: a write to a pipe of at most this many bytes is atomic (Linux: 4096). */
const pipeBuf = 4096;
/** A regular file opened for appending takes larger pieces whole. */
const filePiece = 1 << 18;
/** How soon a full pipe is tried again. */
const fullMs = 5;
const lineFeed = 0x0a;

const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;
const append = O_APPEND | O_CREAT | O_NONBLOCK;

export class LogTarget {
  /** Written at once at most: pieces of this size are not mixed with those of other processes. */
  readonly pieceSize: number;
  /** Appended to by all of its writers, and readable: its end can be looked at and mended. */
  readonly #isMendable: boolean;
  readonly #fd: number;
  /** Was opened here, and is closed here. */
  readonly #isOwn: boolean;

  private constructor(fd: number, isOwn: boolean, isMendable: boolean) {
    this.#fd = fd;
    this.#isOwn = isOwn;
    this.#isMendable = isMendable;
    this.pieceSize = fstatSync(fd).isFile() ? filePiece : pipeBuf;
  }

  /** Opens a file for appending. @throws {LogError} when that is not possible */
  static open(path: string): LogTarget {
    try {
      if (isOrWillBeFile(path)) {
        try {
          return new LogTarget(openSync(path, append | O_RDWR, 0o640), true, true);
        } catch (error) {
          // It may be ours to write and not to read.
          if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
        }
      }
      return new LogTarget(openSync(path, append | O_WRONLY, 0o640), true, false);
    } catch (error) {
      throw new LogError(path, error);
    }
  }

  /** Writes to an open file descriptor: standard output. */
  static of(fd: number): LogTarget {
    const own = ownDescription(fd);
    return own === undefined ? new LogTarget(fd, false, false) : new LogTarget(own, true, false);
  }

  write(
    bytes: Uint8Array,
    length: number,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void {
    write(this.#fd, bytes, 0, length, null, done);
  }

  /**
   * For the end of the program. Waits for a pipe that is full, until `endMs` on the monotonic clock.
   * @returns how much was written; 0 when it cannot be
   */
  writeSync(bytes: Uint8Array, length: number, endMs: number): number {
    for (;;) {
      try {
        return writeSync(this.#fd, bytes, 0, length);
      } catch (error) {
        const isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN';
        if (!isFull || performance.now() > endMs) return 0;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fullMs);
      }
    }
  }

  /** Whether a line that was cut off can be taken back: then it is written whole when it can be. */
  get canMend(): boolean {
    return this.#isMendable;
  }

  /**
   * Makes the end of the file the end of a line.
   * @param torn - what was written of a line that was cut off: taken away, if it is still the end
   * @returns true when the next write has to begin with a line feed
   */
  endsTorn(torn: Uint8Array): boolean {
    if (!this.#isMendable) return false;
    try {
      const { size } = fstatSync(this.#fd);
      if (size === 0) return false;
      const length = Math.min(size, Math.max(torn.length, 1));
      const end = Buffer.alloc(length);
      readSync(this.#fd, end, 0, length, size - length);
      if (end[length - 1] === lineFeed) return false;
      // Nobody has written since then: a writer whose disk is full gets nothing in between these calls.
      if (torn.length > 0 && end.equals(torn)) {
        ftruncateSync(this.#fd, size - torn.length);
        return false;
      }
      return true;
    } catch {
      return true; // an empty line spoils nothing
    }
  }

  close(): void {
    if (this.#isOwn) close(this.#fd, () => undefined);
  }
}

function isOrWillBeFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/**
 * A write that blocks would keep the program from ending. So a pipe or terminal is opened once more, without blocking,
 * and stays as it is for others; only Linux can (proc(5)).
 */
function ownDescription(fd: number): number | undefined {
  const stat = fstatSync(fd);
  if (stat.isFile()) return undefined;
  if (stat.isSocket()) {
    // A socket cannot be opened again. Node's stream for it sets it to non-blocking, for all who share it.
    void (fd === 2 ? process.stderr : process.stdout);
    return undefined;
  }
  try {
    return openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
  } catch {
    return undefined; // not Linux, or a pipe that another user made
  }
}
