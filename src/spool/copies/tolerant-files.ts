// Files of a failing disk: what the disk cannot read is zeros, block by block, and is reported. Only for a rescue, where every
// record is verified: nothing else may take zeros for what was stored.

import type { FileLayer } from '../file-layer.ts';
import { systemCode } from '../spool-error.ts';

const blockBytes = 4096;

/** Ranges that the disk cannot read. */
export class UnreadableRanges {
  readonly #ranges = new Map<string, { from: number; to: number }[]>();

  add(path: string, from: number, to: number): void {
    const ranges = this.#ranges.get(path) ?? [];
    const last = ranges.at(-1);
    if (last?.to === from) last.to = to;
    // Blocks are read more than once.
    else if (!ranges.some((range) => range.from <= from && to <= range.to)) ranges.push({ from, to });
    this.#ranges.set(path, ranges);
  }

  /** By file, in the order in which they were met. */
  *all(): Generator<{ readonly path: string; readonly from: number; readonly to: number }> {
    for (const [path, ranges] of this.#ranges) for (const range of ranges) yield { path, ...range };
  }
}

/** @param unreadable - gets each block that the disk cannot read */
export function tolerantFiles(files: FileLayer, unreadable: UnreadableRanges): FileLayer {
  const paths = new Map<number, string>();
  return {
    ...files,
    open: async (path, flags) => {
      const fd = await files.open(path, flags);
      if (flags === 'r') paths.set(fd, path);
      return fd;
    },
    close: (fd) => {
      paths.delete(fd);
      return files.close(fd);
    },
    read: (fd, buffer, offset, length, position, done) => {
      files.read(fd, buffer, offset, length, position, (error, count) => {
        const path = paths.get(fd);
        if (error === null || path === undefined || systemCode(error) !== 'EIO') return done(error, count);
        // The rest of this range is asked for next.
        const bytes = Math.min(length, blockBytes - (position % blockBytes));
        files.read(fd, buffer, offset, bytes, position, (again, got) => {
          if (again === null || systemCode(again) !== 'EIO') return done(again, got);
          buffer.fill(0, offset, offset + bytes);
          unreadable.add(path, position, position + bytes);
          done(null, bytes);
        });
      });
    },
  };
}
