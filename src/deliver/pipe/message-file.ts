// The file that a program reads as its standard input: the fields of the delivery, and the message, with the line ends of files (LF).

import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../io/make-folder.ts';
import type { StoredMessage } from '../../spool/types.ts';
import { unixLines } from '../local/unix-lines.ts';

let lastNumber = 0;

/** Removes the file; what a killed process has left is small and in a folder of this spool alone. */
export interface MessageFile {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Writes a message. It need not be on stable storage: after a crash the program is run anew.
 * @param before - stands in front of the message
 * @throws {Error} when it cannot be written, or the message not be read
 */
export async function writeMessageFile(
  folder: string,
  before: string,
  message: StoredMessage,
): Promise<MessageFile> {
  const path = join(folder, `pipe-${process.pid}-${++lastNumber}`);
  const remove = (): Promise<void> => unlink(path).catch(() => undefined);
  let file: FileHandle | undefined;
  try {
    // One that a process of the same number has left is nobody's any more.
    await remove();
    file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      // Only a supervisor that is root makes it beforehand.
      makeFolder(folder, 0o700);
      return open(path, 'wx', 0o600);
    });
    // writeFile writes all or fails: on a disk that is nearly full, one write (2) takes a part and says so without an error.
    await file.writeFile(before);
    const pieces = message.content === undefined ? message.stream() : [message.content];
    for await (const piece of unixLines(pieces)) await file.writeFile(piece);
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  } finally {
    await file?.close();
  }
}
