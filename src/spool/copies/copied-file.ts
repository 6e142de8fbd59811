// Copies files into a backup or out of one: in pieces, at a pace, with their SHA-256, and synced before it counts as copied.

import { createHash, type Hash } from 'node:crypto';
import { fdatasync, readUpTo, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { writing } from './copy-error.ts';
import type { Pace } from './pace.ts';

const pieceBytes = 256 * 1024;
/** Written bytes are synced in portions of this size: one large sync at the end would hold up those of the mail. */
const syncBytes = 8 * 1024 * 1024;

export interface CopyPlace {
  readonly files: FileLayer;
  readonly pace: Pace;
  /** The folder of the copy, for messages. */
  readonly folder: string;
}

/** What was copied of a file. */
export interface CopiedBytes {
  /** Bytes of the copy. */
  readonly bytes: number;
  /** SHA-256 of the whole copy; undefined when it was not written in one go. */
  readonly sum: string | undefined;
}

/**
 * Copies the bytes from `from` up to the present end of the source, to the same place of the copy, and syncs them.
 * @param from - 0 makes the copy; otherwise its first bytes are there already
 */
export async function copyFile(
  place: CopyPlace,
  source: string,
  target: string,
  from = 0,
): Promise<CopiedBytes> {
  const { files, folder } = place;
  const input = await files.open(source, 'r');
  try {
    const size = await files.size(input);
    const output = await writing(folder, files.open(target, from === 0 ? 'w' : 'r+'));
    try {
      const hash = from === 0 ? createHash('sha256') : undefined;
      const bytes = await copyBytes(place, input, output, { from, to: size, hash });
      return { bytes, sum: hash?.digest('hex') };
    } finally {
      await files.close(output);
    }
  } finally {
    await files.close(input);
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly hash: Hash | undefined;
}

async function copyBytes(
  { files, folder, pace }: CopyPlace,
  input: number,
  output: number,
  { from, to, hash }: Range,
): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(1, to - from)));
  let at = from;
  let unsynced = 0;
  while (at < to) {
    const got = await readUpTo(files, input, buffer, Math.min(buffer.length, to - at), at);
    if (got === 0) break; // it was cut meanwhile
    const piece = buffer.subarray(0, got);
    hash?.update(piece);
    await writing(folder, writeAll(files, output, [piece], at));
    at += got;
    unsynced += got;
    if (unsynced >= syncBytes) {
      await writing(folder, fdatasync(files, output));
      unsynced = 0;
    }
    await pace.took(got);
  }
  await writing(folder, fdatasync(files, output));
  return at;
}

/** SHA-256 of a file, in hexadecimal digits. */
export async function sumOf(files: FileLayer, path: string): Promise<string> {
  const fd = await files.open(path, 'r');
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(pieceBytes);
    for (let at = 0; ;) {
      const got = await readUpTo(files, fd, buffer, buffer.length, at);
      if (got === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, got));
      at += got;
    }
  } finally {
    await files.close(fd);
  }
}

/** Bytes of a file; undefined when there is none. */
export async function sizeOf(files: FileLayer, path: string): Promise<number | undefined> {
  const fd = await files.open(path, 'r').catch(() => undefined);
  if (fd === undefined) return undefined;
  try {
    return await files.size(fd);
  } finally {
    await files.close(fd);
  }
}
