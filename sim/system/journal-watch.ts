// Looks at what a manager's process does in the folder of its journal, for the books: what is written there, and synced.

import type { FileLayer } from '../../src/spool/file-layer.ts';
import type { Memory } from './memory.ts';

type Write = ReturnType<Memory['journalWriteBegins']>;

/** The same files, watched. */
export function watched(files: FileLayer, folder: string, memory: Memory, store = 0): FileLayer {
  /** Each descriptor is a file of its own here. */
  const opened = new Map<number, object>();
  /** A write that was short goes on with the next one, which says nothing more. */
  const begun = new Map<number, Write>();
  return {
    ...files,
    open: async (path, flags) => {
      const fd = await files.open(path, flags);
      if (path.startsWith(folder) && flags !== 'r') opened.set(fd, { path });
      return fd;
    },
    writev: (fd, buffers, position, done) => {
      const file = opened.get(fd);
      if (file === undefined) {
        files.writev(fd, buffers, position, done);
        return;
      }
      // The header of a file tells nothing, and room for what is to come is zeros.
      const isEmpty = position === 0 || buffers.every(isZero);
      // What is left of a short write may be zeros, too.
      const write = begun.get(fd) ?? (isEmpty ? { says: [] } : memory.journalWriteBegins(store));
      const wanted = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
      files.writev(fd, buffers, position, (error, written) => {
        begun.delete(fd);
        if (error) memory.journalWriteFailed(write, file);
        else if (written < wanted) begun.set(fd, write);
        else memory.journalWritten(write, file);
        done(error, written);
      });
    },
    fdatasync: (fd, done) => {
      const file = opened.get(fd);
      if (file === undefined) {
        files.fdatasync(fd, done);
        return;
      }
      const says = memory.journalSyncBegins(file);
      files.fdatasync(fd, (error) => {
        if (error) memory.journalSyncFailed(says, file);
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
