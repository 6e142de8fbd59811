// The file operations that the spool needs, and their implementation by Node. The calls of the hot path are Node's own
// functions, so this layer costs nothing. Tests put a simulated disk in its place.

import * as fs from 'node:fs';

import { makeFolder } from '../io/make-folder.ts';

type SystemError = NodeJS.ErrnoException | null;

/** Errors have a `code` as Node's do (`ENOENT`, `ENOSPC`, `EIO`). */
export interface FileLayer {
  /** `r` reads, `r+` writes too, `wx` creates and fails with EEXIST, `w` creates or empties. Mode 0640. */
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
  openSync(path: string, flags: 'r'): number;
  readSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  closeSync(fd: number): void;
}

/** The operating system's files. */
export const nodeFiles: FileLayer = {
  open: (path, flags) =>
    new Promise((resolve, reject) => {
      // Processes of other users may share the group; the folder of the spool keeps everybody else out.
      fs.open(path, flags, 0o640, (error, fd) => (error ? reject(error) : resolve(fd)));
    }),
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
  openSync: fs.openSync,
  readSync: fs.readSync,
  closeSync: fs.closeSync,
};
