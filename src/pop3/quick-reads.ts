// Reads small messages at once, without the threads for files: the way to a thread and back takes ten times as long as the reading itself. Promises:
// nothing is read so from a network file system, which may keep the process waiting; after a read that took long, because a disk had to be asked or is
// busy, the threads read for a while, so that sessions do not wait for the messages of others.

import * as fs from 'node:fs';

/** Larger messages are read in pieces of this size, as fast as the client takes them. */
const mostBytes = 32 * 1024;
/** A read of more than this was not from memory. */
const slowMs = 2;
/** So long the threads read after it. */
const restMs = 1_000;

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

/** Of statfs(2), as linux/magic.h has them: ext2 to ext4, XFS, Btrfs, ZFS, F2FS, tmpfs, overlayfs. */
const localTypes = new Set([0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0xf2f52010, 0x01021994, 0x794c7630]);

/** Is this folder on a disk of this host, or in its memory? */
export async function isOnLocalDisk(folder: string): Promise<boolean> {
  const { type } = await fs.promises.statfs(folder);
  return localTypes.has(type);
}

export class QuickReads {
  readonly #now: () => number;
  /** One byte more than the largest message: a file that has grown is found out. */
  readonly #buffer = Buffer.allocUnsafeSlow(mostBytes + 1);
  #restsUntilMs = -Infinity;

  /** @param now - ms of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * @param sizeBytes - of the file, as its name tells
   * @returns the whole file, until the next call; undefined: it is to be read in another way, which finds out why
   */
  read(path: string, sizeBytes: number): Uint8Array | undefined {
    if (sizeBytes <= 0 || sizeBytes > mostBytes) return undefined;
    const startedAtMs = this.#now();
    if (startedAtMs < this.#restsUntilMs) return undefined;
    const length = this.#readFile(path, sizeBytes);
    const endedAtMs = this.#now();
    if (endedAtMs - startedAtMs > slowMs) this.#restsUntilMs = endedAtMs + restMs;
    return length === sizeBytes ? this.#buffer.subarray(0, length) : undefined;
  }

  /** @returns the bytes that were read; -1 where this is not possible. Of a FIFO, none are. */
  #readFile(path: string, sizeBytes: number): number {
    let fd = -1;
    try {
      fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const length = fs.readSync(fd, this.#buffer, 0, sizeBytes + 1, null);
      fs.closeSync(fd);
      return length;
    } catch {
      if (fd !== -1) fs.close(fd, () => undefined);
      return -1;
    }
  }
}
