// Complete reads and writes on a FileLayer: a short read or write is continued, and a long list of buffers is split into
// several system calls.

import type { FileLayer } from './file-layer.ts';
import { isDenied, SpoolError, systemCode } from './spool-error.ts';

/** IOV_MAX on Linux and macOS. */
const maxBuffers = 1024;
/** The most that one call of read(2) returns by Node. */
const mostReadBytes = 2 ** 31 - 1;

/** Writes all buffers, one after the other, from `position`. */
export function writeAll(
  files: FileLayer,
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = buffers;
    let at = position;
    const next = (): void => {
      const now = rest.length > maxBuffers ? rest.slice(0, maxBuffers) : rest;
      files.writev(fd, now, at, (error, written) => {
        if (error) return reject(error);
        at += written;
        rest = dropWritten(rest, written);
        if (rest.length === 0) return resolve();
        if (written === 0) return reject(new Error(`the system wrote 0 bytes at byte ${at}`));
        next();
      });
    };
    if (rest.length === 0) resolve();
    else next();
  });
}

function dropWritten(buffers: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let left = written;
  let index = 0;
  for (const buffer of buffers) {
    if (buffer.length > left) break;
    left -= buffer.length;
    index++;
  }
  const rest = buffers.slice(index);
  const first = rest[0];
  if (left > 0 && first !== undefined) rest[0] = first.subarray(left);
  return rest;
}

export function fdatasync(files: FileLayer, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    files.fdatasync(fd, (error) => (error ? reject(error) : resolve()));
  });
}

/** Reads up to `length` bytes from `position`; resolves to the bytes read, fewer only at the end of the file. */
export function readUpTo(
  files: FileLayer,
  fd: number,
  buffer: Uint8Array,
  length: number,
  position: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let got = 0;
    const next = (): void => {
      files.read(fd, buffer, got, length - got, position + got, (error, count) => {
        if (error) return reject(error);
        got += count;
        if (count === 0 || got === length) return resolve(got);
        next();
      });
    };
    if (length === 0) resolve(0);
    else next();
  });
}

/**
 * Reads the whole file.
 * @throws {SpoolError} `SPOOL_FOREIGN` when it has more than `mostBytes`: no such file of ours has so many
 */
export async function readWhole(files: FileLayer, path: string, mostBytes = mostReadBytes): Promise<Buffer> {
  const fd = await files.open(path, 'r');
  try {
    const size = await files.size(fd);
    if (size > mostBytes) {
      throw new SpoolError('SPOOL_FOREIGN', `${path} has ${size} bytes, more than any such file of Sluice`);
    }
    const buffer = Buffer.allocUnsafeSlow(size);
    const got = await readUpTo(files, fd, buffer, size, 0);
    return buffer.subarray(0, got);
  } finally {
    await files.close(fd);
  }
}

/** True if there is a file of this name, also one that this user may not read. */
export async function exists(files: FileLayer, path: string): Promise<boolean> {
  try {
    await files.close(await files.open(path, 'r'));
    return true;
  } catch (error) {
    if (isDenied(error)) return true;
    if (['ENOENT', 'SPOOL_FOREIGN'].includes(systemCode(error))) return false;
    throw error;
  }
}
