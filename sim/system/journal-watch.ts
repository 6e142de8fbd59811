// Looks at what a manager's process does in the folder of its journal, for the books: what is written there, and synced.

import type { FileLayer } from '../../src/spool/file-layer.ts';
import type { Memory } from './memory.ts';

type Write = ReturnType<Memory['journalWriteBegins']>;

/** The same files, watched. */
export function watched(files: FileLayer, folder: string, memory: Memory): FileLayer {
  const opened = new Set<number>();
  /** A write that was short goes on with the next one, which says nothing more. */
  const begun = new Map<number, Write>();
  return {
    ...files,
    open: async (path, flags) => {
      const fd = await files.open(path, flags);
      if (path.startsWith(folder) && flags !== 'r') opened.add(fd);
      return fd;
    },
    writev: (fd, buffers, position, done) => {
      // The header of a file tells nothing, and room for what is to come is zeros.
      const isEntries = opened.has(fd) && position > 0 && !buffers.every(isZero);
      if (!isEntries) {
        files.writev(fd, buffers, position, done);
        return;
      }
      const write = begun.get(fd) ?? memory.journalWriteBegins();
      const wanted = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
      files.writev(fd, buffers, position, (error, written) => {
        begun.delete(fd);
        if (error) memory.journalWriteFailed(write);
        else if (written < wanted) begun.set(fd, write);
        else memory.journalWritten(write);
        done(error, written);
      });
    },
    fdatasync: (fd, done) => {
      if (!opened.has(fd)) {
        files.fdatasync(fd, done);
        return;
      }
      const says = memory.journalSyncBegins();
      files.fdatasync(fd, (error) => {
        if (error) memory.journalSyncFailed(says);
        else memory.journalSynced(says);
        done(error);
      });
    },
  };
}

function isZero(view: NodeJS.ArrayBufferView): boolean {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return bytes.every((byte) => byte === 0);
}
