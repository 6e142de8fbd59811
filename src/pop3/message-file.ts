// A message of a Maildir, read in pieces. What is no regular file is never opened for long: somebody may have put a FIFO there.

import * as fs from 'node:fs';

const pieceBytes = 32 * 1024;
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

export class MessageFile {
  readonly #fd: number;
  #left: number;

  private constructor(fd: number, sizeBytes: number) {
    this.#fd = fd;
    this.#left = sizeBytes;
  }

  /** @throws {Error} of the system: ENOENT when it is not there, EINVAL when it is no regular file */
  static open(path: string): Promise<MessageFile> {
    return new Promise((resolve, reject) => {
      fs.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, (error, fd) => {
        if (error !== null) {
          reject(error);
          return;
        }
        try {
          // Of an open file: no disk is asked.
          const stats = fs.fstatSync(fd);
          if (!stats.isFile()) throw Object.assign(new Error(`${path} is no file`), { code: 'EINVAL' });
          resolve(new MessageFile(fd, stats.size));
        } catch (failed) {
          fs.close(fd);
          reject(failed as Error);
        }
      });
    });
  }

  /** Nothing more is in it, as far as was known when it was opened. */
  get isRead(): boolean {
    return this.#left <= 0;
  }

  /** The next piece; undefined at the end. @throws {Error} of the system */
  read(): Promise<Buffer | undefined> {
    if (this.#left <= 0) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const buffer = Buffer.allocUnsafe(Math.min(this.#left, pieceBytes));
      fs.read(this.#fd, buffer, 0, buffer.length, null, (error, length) => {
        if (error !== null) {
          reject(error);
          return;
        }
        this.#left = length === 0 ? 0 : this.#left - length;
        resolve(length === 0 ? undefined : buffer.subarray(0, length));
      });
    });
  }

  close(): void {
    fs.close(this.#fd, () => undefined);
  }
}
