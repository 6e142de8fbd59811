// A simulated disk as mailboxes see it.

import type { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import type { FileKind, MailFiles } from '../../src/mailbox/mail-files.ts';
import type { FileLayer } from '../../src/spool/file-layer.ts';

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** @param files - those of one process on the disk */
export function simulatedMailFiles(files: FileLayer): MailFiles {
  const kindOf = async (path: string): Promise<FileKind> => {
    try {
      await files.readdir(path);
      return 'folder';
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    try {
      await files.close(await files.open(path, 'r'));
      return 'other';
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return 'missing';
    }
  };
  const synced = new Set<number>();
  return {
    create: async (path, syncs) => {
      const fd = await files.open(path, 'wx');
      if (syncs) synced.add(fd);
      return fd;
    },
    close: (fd) => {
      synced.delete(fd);
      return files.close(fd);
    },
    // A write that syncs is two steps, between which power may be lost.
    writev: (fd, buffers, position, done) =>
      files.writev(fd, buffers, position, (error, written) => {
        if (error || !synced.has(fd)) done(error, written);
        else files.fdatasync(fd, (failed) => done(failed, written));
      }),
    fdatasync: (fd, done) => files.fdatasync(fd, done),
    rename: (from, to) => files.rename(from, to),
    unlink: (path) => files.unlink(path),
    readdir: (path) => files.readdir(path),
    mkdir: (path) => files.mkdir(path),
    kindOf,
    changedAtMs: () => Promise.resolve(undefined),
    syncDirectory: (path) => files.syncDirectory(path),
  };
}

/** The text of a file, as any process would read it. */
export function textOnDisk(disk: SimulatedDisk, path: string): string {
  const { files } = disk.process();
  const fd = files.openSync(path, 'r');
  const buffer = Buffer.alloc(1024 * 1024);
  const length = files.readSync(fd, buffer, 0, buffer.length, 0);
  files.closeSync(fd);
  return buffer.toString('utf8', 0, length);
}
