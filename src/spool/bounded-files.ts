// The share of one store in the threads that carry out file operations. Node has few of them for a whole process
// (UV_THREADPOOL_SIZE, 4 by default), and an operation on a disk that hangs keeps its thread. With a share for each store,
// a disk that hangs takes no thread of another store. Also notices that a disk hangs: then reads fail, so that nobody
// waits for them, and writes wait, because nobody knows what becomes of them.

import type { Timers } from '../io/timers.ts';
import type { FileLayer } from './file-layer.ts';

export interface FileShare {
  /** Operations at a time; see `threadShare`. */
  readonly threads: number;
  readonly timers: Timers;
  /** An operation that takes longer than this counts as hanging. */
  readonly stallMs: number;
  /** Called when an operation hangs, and when none does any more. */
  readonly onStall: (isStalled: boolean) => void;
}

/** The most threads that a store has: a write, its sync and a read go on at the same time. */
export const largestShare = 3;

/**
 * The share of each store: together they leave a thread for everything else. With more stores than threads, each has one,
 * and then disks that hang can take all of them: whoever starts the process sets UV_THREADPOOL_SIZE (`fork-role.ts`).
 */
export function threadShare(
  stores: number,
  poolSize = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4),
): number {
  return Math.max(1, Math.min(largestShare, Math.floor((poolSize - 1) / stores)));
}

/** An operation that is under way, or waits for its turn. */
interface Operation {
  readonly start: () => void;
  /** Ends a read for its caller; undefined for an operation that changes something. */
  readonly giveUp: ((error: Error) => void) | undefined;
  /** It is carried out although nobody waits for it any more. */
  readonly isOwed?: true;
  startedAtMs: number;
}

class Turns {
  readonly #share: FileShare;
  /** In the order of their start. */
  readonly #running = new Set<Operation>();
  #waiting: Operation[] = [];
  #isWatched = false;
  isStalled = false;

  constructor(share: FileShare) {
    this.#share = share;
  }

  run(operation: Operation): void {
    if (this.#running.size < this.#share.threads) this.#start(operation);
    else this.#waiting.push(operation);
  }

  end(operation: Operation): void {
    this.#running.delete(operation);
    const next = this.#waiting.shift();
    if (next !== undefined) this.#start(next);
    if (this.isStalled && !this.#isOldestLate()) this.#stalled(false);
  }

  #start(operation: Operation): void {
    operation.startedAtMs = this.#share.timers.nowMs();
    this.#running.add(operation);
    if (!this.#isWatched) this.#watchAfter(this.#share.stallMs);
    operation.start();
  }

  #watchAfter(ms: number): void {
    this.#isWatched = true;
    this.#share.timers.setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#isWatched = false;
    const [oldest] = this.#running;
    if (oldest === undefined) return;
    const { stallMs, timers } = this.#share;
    if (this.#isOldestLate()) {
      if (!this.isStalled) this.#stalled(true);
      this.#giveUpReads();
      this.#watchAfter(stallMs);
    } else this.#watchAfter(oldest.startedAtMs + stallMs - timers.nowMs());
  }

  #isOldestLate(): boolean {
    const [oldest] = this.#running;
    const { stallMs, timers } = this.#share;
    return oldest !== undefined && timers.nowMs() - oldest.startedAtMs >= stallMs;
  }

  #stalled(isStalled: boolean): void {
    this.isStalled = isStalled;
    this.#share.onStall(isStalled);
  }

  /** Those that wait leave the line. Those under way keep their turn until the system is done with them. */
  #giveUpReads(): void {
    const left = this.#waiting.filter(({ giveUp }) => giveUp !== undefined);
    this.#waiting = this.#waiting.filter(({ giveUp, isOwed }) => giveUp === undefined || isOwed === true);
    const { stallMs, timers } = this.#share;
    for (const each of this.#running) if (timers.nowMs() - each.startedAtMs >= stallMs) left.push(each);
    for (const { giveUp } of left) giveUp?.(noAnswer());
  }
}

function noAnswer(): Error {
  return Object.assign(new Error('EAGAIN: the disk does not answer'), { code: 'EAGAIN' });
}

/** A file layer that uses only its share of threads. */
export function boundedFiles(files: FileLayer, share: FileShare): FileLayer {
  const turns = new Turns(share);

  /**
   * @param isRead - changes nothing, so that its caller need not wait for a disk that hangs
   * @param late - takes the result of a read that its caller has given up
   */
  function promised<T>(act: () => Promise<T>, isRead: boolean, late?: (value: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      let isGivenUp = false;
      const giveUp = (error: Error): void => {
        isGivenUp = true;
        reject(error);
      };
      const operation: Operation = {
        startedAtMs: 0,
        giveUp: isRead ? giveUp : undefined,
        start: () => {
          act().then(
            (value) => {
              turns.end(operation);
              if (isGivenUp) late?.(value);
              else resolve(value);
            },
            (error: unknown) => {
              turns.end(operation);
              reject(error);
            },
          );
        },
      };
      turns.run(operation);
    });
  }

  function refuseWhileStalled(): void {
    if (turns.isStalled) throw noAnswer();
  }

  return {
    open: (path, flags) =>
      promised(
        () => files.open(path, flags),
        flags === 'r',
        (fd) => void files.close(fd).catch(() => undefined),
      ),
    // Who closes a file has done with it: a disk that hangs keeps the file open, but not its reader.
    close: (fd) =>
      new Promise((resolve, reject) => {
        const operation: Operation = {
          startedAtMs: 0,
          giveUp: () => resolve(),
          isOwed: true,
          start: () =>
            void files
              .close(fd)
              .then(resolve, reject)
              .finally(() => turns.end(operation)),
        };
        turns.run(operation);
      }),
    writev: (fd, buffers, position, done) => {
      const operation: Operation = {
        startedAtMs: 0,
        giveUp: undefined,
        start: () =>
          files.writev(fd, buffers, position, (error, written) => {
            turns.end(operation);
            done(error, written);
          }),
      };
      turns.run(operation);
    },
    fdatasync: (fd, done) => {
      const operation: Operation = {
        startedAtMs: 0,
        giveUp: undefined,
        start: () =>
          files.fdatasync(fd, (error) => {
            turns.end(operation);
            done(error);
          }),
      };
      turns.run(operation);
    },
    // The system may still write into the buffer of a read that was given up: nobody looks at it after the error.
    read: (fd, buffer, offset, length, position, done) => {
      let isGivenUp = false;
      const operation: Operation = {
        startedAtMs: 0,
        giveUp: (error) => {
          isGivenUp = true;
          done(error, 0);
        },
        start: () =>
          files.read(fd, buffer, offset, length, position, (error, count) => {
            turns.end(operation);
            if (!isGivenUp) done(error, count);
          }),
      };
      turns.run(operation);
    },
    truncate: (fd, length) => promised(() => files.truncate(fd, length), false),
    size: (fd) => promised(() => files.size(fd), true),
    unlink: (path) => promised(() => files.unlink(path), false),
    rename: (from, to) => promised(() => files.rename(from, to), false),
    readdir: (path) => promised(() => files.readdir(path), true),
    mkdir: (path) => promised(() => files.mkdir(path), false),
    syncDirectory: (path) => promised(() => files.syncDirectory(path), false),
    freeBytes: (path) => promised(() => files.freeBytes(path), true),
    freeBytesSync: (path) => {
      refuseWhileStalled();
      return files.freeBytesSync(path);
    },
    openSync: (path, flags) => {
      refuseWhileStalled();
      return files.openSync(path, flags);
    },
    readSync: (fd, buffer, offset, length, position) => {
      refuseWhileStalled();
      return files.readSync(fd, buffer, offset, length, position);
    },
    closeSync: (fd) => files.closeSync(fd),
  };
}
