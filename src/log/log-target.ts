// Where log lines go: a file that several processes append to, a pipe, or a terminal. Opens it, knows how many bytes one write
// puts there unmixed, and repairs the end of a file where a full disk has cut off a line.

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
/** After this time a full pipe is tried again. */
const fullMs = 5;
const lineFeed = 0x0a;

const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_RDWR, O_WRONLY } = constants;
const append = O_APPEND | O_CREAT | O_NONBLOCK;

export class LogTarget {
  /** Bytes of one write at most: pieces of this size are not mixed with those of other processes. */
  readonly pieceSize: number;
  /** All of its writers append to it, and it can be read: its end can be examined and repaired. */
  readonly #isMendable: boolean;
  readonly #fd: number;
  /** Opened here, so to be closed here. */
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
          // This user may be allowed to write the file and not to read it.
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
    const own = openNonBlocking(fd);
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
   * @returns the bytes written; 0 when writing failed
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

  /** Whether the beginning of a line that was cut off can be removed again. */
  get canMend(): boolean {
    return this.#isMendable;
  }

  /**
   * Repairs the end of the file where it is no end of a line.
   * @param torn - what was written of a line that was cut off; removed, if it is still the end of the file
   * @returns true when the next write has to begin with a line feed
   */
  mendEnd(torn: Uint8Array): boolean {
    if (!this.#isMendable) return false;
    try {
      const { size } = fstatSync(this.#fd);
      if (size === 0) return false;
      const length = Math.min(size, Math.max(torn.length, 1));
      const end = Buffer.alloc(length);
      readSync(this.#fd, end, 0, length, size - length);
      if (end[length - 1] === lineFeed) return false;
      // No process can write between these two calls: the disk is full.
      if (torn.length > 0 && end.equals(torn)) {
        ftruncateSync(this.#fd, size - torn.length);
        return false;
      }
      return true;
    } catch {
      return true; // at worst this makes an empty line
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
 * Opens a pipe or terminal once more, as non-blocking: a write that blocks would keep the program from ending. For other
 * programs, which share the first opening, nothing changes. Only Linux can do this (proc(5)).
 */
function openNonBlocking(fd: number): number | undefined {
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
