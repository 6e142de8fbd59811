// The file of a trail, on the side of the supervisor: it is made without a name, given to the process of a role, and read when that has
// ended.

import { randomUUID } from 'node:crypto';
import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeLeftover } from '../io/remove-file.ts';
import { readTrail, type ReadTrail } from './read-trail.ts';
import { trailBytes } from './trail.ts';

export class TrailFile {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @returns undefined when the system makes no file: the process goes without a trail */
  static make(): TrailFile | undefined {
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    for (const folder of ['/dev/shm', tmpdir()]) {
      if (!existsSync(folder)) continue;
      const path = join(folder, `sluice-trail-${randomUUID()}`);
      try {
        const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
        removeLeftover(path);
        return new TrailFile(fd);
      } catch {
        // Another folder may do.
      }
    }
    return undefined;
  }

  /** For the process that writes it. */
  get fd(): number {
    return this.#fd;
  }

  read(): ReadTrail {
    const ring = Buffer.alloc(trailBytes);
    try {
      const length = readSync(this.#fd, ring, 0, trailBytes, 0);
      return readTrail(ring.subarray(0, length));
    } catch {
      return { steps: [], inHand: [] };
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
