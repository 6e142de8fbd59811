// The file operations that the spool needs, and their implementation by Node. The calls of the hot path are Node's own
// functions, so this layer costs nothing. Tests put a simulated disk in its place. Receivers may make files in the spool, so
// nothing here follows a link in the place of a file, or waits for the other end of a pipe.

import * as fs from 'node:fs';

import { makeFolder } from '../io/make-folder.ts';
import { SpoolError, systemCode } from './spool-error.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;

type SystemError = NodeJS.ErrnoException | null;

/** Errors have a `code` as Node's do (`ENOENT`, `ENOSPC`, `EIO`). */
export interface FileLayer {
  /**
   * `r` reads, `r+` writes too, `wx` creates and fails with EEXIST, `w` creates or empties. Mode 0640. What is no regular
   * file, and a link, is refused with `SPOOL_FOREIGN`.
   */
  open(path: string, flags: 'r' | 'r+' | 'wx' | 'w'): Promise<number>;
  close(fd: number): Promise<void>;
  /** May write fewer bytes than given. Takes at most 1024 buffers. */
  writev(
    fd: number,
    buffers: readonly NodeJS.ArrayBufferView[],
    position: number,
    done: (error: SystemError, written: number) => void,
  ): void;
  fdatasync(fd: number, done: (error: SystemError) => void): void;
  /** May read fewer bytes than asked for; 0 at the end of the file. */
  read(
    fd: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    done: (error: SystemError, bytesRead: number) => void,
  ): void;
  truncate(fd: number, length: number): Promise<void>;
  size(fd: number): Promise<number>;
  unlink(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  /** Creates a directory and its parents; does nothing if it exists. Mode 0700. */
  mkdir(path: string): Promise<void>;
  /** Makes creations, renames and removals in this directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes that an unprivileged process may still write. */
  freeBytes(path: string): Promise<number>;
  freeBytesSync(path: string): number;
  /** Refuses the same as `open`. */
  openSync(path: string, flags: 'r'): number;
  readSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  closeSync(fd: number): void;
}

/** O_NONBLOCK opens a pipe at once, without its other end; for a regular file it changes nothing. */
const opening: Record<'r' | 'r+' | 'wx' | 'w', number> = {
  r: O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
  'r+': O_RDWR | O_NOFOLLOW | O_NONBLOCK,
  wx: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
  w: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK,
};

/** What the system says when it will not open something that is no regular file. */
const kinds: Readonly<Record<string, string>> = {
  ELOOP: 'a link',
  EISDIR: 'a folder',
  ENXIO: 'a pipe, a socket or a device',
};

function kindOf(stats: fs.Stats): string {
  if (stats.isDirectory()) return 'a folder';
  return stats.isFIFO() ? 'a pipe' : 'a device';
}

function notAFile(path: string, kind: string, cause?: unknown): SpoolError {
  return new SpoolError('SPOOL_FOREIGN', `${path} is ${kind} and no regular file`, { cause });
}

/** The error to report for a failed opening. */
function openError(path: string, error: unknown): unknown {
  const kind = kinds[systemCode(error)];
  return kind === undefined ? error : notAFile(path, kind, error);
}

function openRegular(path: string, flags: 'r' | 'r+' | 'wx' | 'w'): Promise<number> {
  return new Promise((resolve, reject) => {
    // Processes of other users may share the group; the folder of the spool keeps everybody else out.
    fs.open(path, opening[flags], 0o640, (error, fd) => {
      if (error) return reject(openError(path, error) as Error);
      // Nothing but a regular file is made by opening.
      if (flags === 'wx') return resolve(fd);
      fs.fstat(fd, (failure, stats) => {
        if (!failure && stats.isFile()) return resolve(fd);
        fs.close(fd, () => reject(failure ?? notAFile(path, kindOf(stats))));
      });
    });
  });
}

function openRegularSync(path: string, flags: 'r'): number {
  let fd: number;
  try {
    fd = fs.openSync(path, opening[flags]);
  } catch (error) {
    throw openError(path, error);
  }
  const stats = fs.fstatSync(fd);
  if (stats.isFile()) return fd;
  fs.closeSync(fd);
  throw notAFile(path, kindOf(stats));
}

/** The operating system's files. */
export const nodeFiles: FileLayer = {
  open: openRegular,
  close: (fd) =>
    new Promise((resolve, reject) => {
      fs.close(fd, (error) => (error ? reject(error) : resolve()));
    }),
  writev: fs.writev,
  fdatasync: fs.fdatasync,
  read: fs.read,
  truncate: (fd, length) =>
    new Promise((resolve, reject) => {
      fs.ftruncate(fd, length, (error) => (error ? reject(error) : resolve()));
    }),
  size: (fd) =>
    new Promise((resolve, reject) => {
      fs.fstat(fd, (error, stats) => (error ? reject(error) : resolve(stats.size)));
    }),
  unlink: (path) => fs.promises.unlink(path),
  rename: (from, to) => fs.promises.rename(from, to),
  readdir: (path) => fs.promises.readdir(path),
  mkdir: async (path) => makeFolder(path, 0o700),
  syncDirectory: async (path) => {
    const handle = await fs.promises.open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  freeBytes: async (path) => {
    const { bavail, bsize } = await fs.promises.statfs(path);
    return bavail * bsize;
  },
  freeBytesSync: (path) => {
    const { bavail, bsize } = fs.statfsSync(path);
    return bavail * bsize;
  },
  openSync: openRegularSync,
  readSync: fs.readSync,
  closeSync: fs.closeSync,
};
