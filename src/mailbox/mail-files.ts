// The file operations that mailboxes need, and their implementation by Node. Tests put a simulated disk in its place. What somebody has put in
// the place of a folder of a mailbox, such as a symbolic link, is refused, so that no mail goes to where its owner did not want it.

import * as fs from 'node:fs';

type SystemError = NodeJS.ErrnoException | null;
type Done = (error: SystemError) => void;

/** What stands at a path. */
export type FileKind = 'folder' | 'other' | 'missing';

/** Errors have a `code` as Node's do (`ENOENT`, `ENOSPC`, `EIO`), and a `syscall`. */
export interface MailFiles {
  /**
   * Creates a file for writing, which nobody else may read; EEXIST when there is one.
   * @param syncs - what is written is on stable storage when the write has ended, as after `fdatasync`: one call instead of two
   */
  create(path: string, syncs: boolean): Promise<number>;
  close(fd: number): Promise<void>;
  /** May write fewer bytes than given. Takes at most 1024 buffers. */
  writev(
    fd: number,
    buffers: readonly NodeJS.ArrayBufferView[],
    position: number,
    done: (error: SystemError, written: number) => void,
  ): void;
  fdatasync(fd: number, done: Done): void;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  /** Of one folder, whose parent is there; does nothing if it is there itself. */
  mkdir(path: string): Promise<void>;
  /** @param followsLinks - to what it leads; else a symbolic link is something other */
  kindOf(path: string, followsLinks: boolean): Promise<FileKind>;
  /** Unix ms; undefined: it is gone. */
  changedAtMs(path: string): Promise<number | undefined>;
  /** Makes creations, renames and removals in this folder durable. */
  syncDirectory(path: string, followsLinks: boolean): Promise<void>;
}

const { O_CREAT, O_DIRECTORY, O_DSYNC, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = fs.constants;
const toFolder = O_RDONLY | O_DIRECTORY;
const toNewFile = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;

/** A promise for a call of Node that takes a callback: on the hot path, a FileHandle would cost twice as much. */
function called<T>(call: (done: (error: SystemError, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });
}

/** The operating system's files. */
export const nodeMailFiles: MailFiles = {
  create: (path, syncs) =>
    called((done) => fs.open(path, syncs ? toNewFile | O_DSYNC : toNewFile, 0o600, done)),
  close: (fd) => called<void>((done) => fs.close(fd, (error) => done(error ?? null, undefined))),
  writev: fs.writev,
  fdatasync: fs.fdatasync,
  rename: (from, to) => called<void>((done) => fs.rename(from, to, (error) => done(error, undefined))),
  unlink: (path) => called<void>((done) => fs.unlink(path, (error) => done(error, undefined))),
  readdir: (path) => fs.promises.readdir(path),
  mkdir: async (path) => {
    try {
      await fs.promises.mkdir(path, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  },
  kindOf: async (path, followsLinks) => {
    try {
      const stats = await (followsLinks ? fs.promises.stat(path) : fs.promises.lstat(path));
      return stats.isDirectory() ? 'folder' : 'other';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
      throw error;
    }
  },
  changedAtMs: async (path) => {
    try {
      return (await fs.promises.lstat(path)).mtimeMs;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  syncDirectory: async (path, followsLinks) => {
    const flags = followsLinks ? toFolder : toFolder | O_NOFOLLOW;
    const fd = await called<number>((done) => fs.open(path, flags, done));
    try {
      await called<void>((done) => fs.fsync(fd, (error) => done(error, undefined)));
    } finally {
      // Of a folder that was not written to, this does not wait for the disk; it saves a change of threads for each message.
      fs.closeSync(fd);
    }
  },
};
