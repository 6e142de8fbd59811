// Asks the disk whether the spool can be written, by writing: a file system that an error made read-only may still call
// itself writable (ext4's emergency state), so neither its flags nor access(2) tell. And the words for when it cannot be.

import { join } from 'node:path';
import { fdatasync, writeAll } from './file-io.ts';
import { nodeFiles, type FileLayer } from './file-layer.ts';
import { isOutOfRoom, systemWords, writeError } from './spool-error.ts';

export interface Probe {
  readonly directory: string;
  /** Of whoever asks: two never write the same file. */
  readonly name: string;
  /** Down to the disk itself, as a message is: an error may show there only. It costs as much as a message does. */
  readonly sync: boolean;
  readonly files?: FileLayer;
}

/** Writes a file of one byte and removes it. @throws {SpoolError} when that cannot be done */
export async function probeSpool({ directory, name, sync, files = nodeFiles }: Probe): Promise<void> {
  const path = join(directory, `probe.${name}`);
  try {
    const fd = await files.open(path, 'w');
    try {
      await writeAll(files, fd, [Buffer.from('\n')], 0);
      if (sync) await fdatasync(files, fd);
    } finally {
      await files.close(fd);
    }
    await files.unlink(path);
  } catch (error) {
    throw writeError(`writing ${path}`, error);
  }
}

/** What people are told while the spool cannot be written: the same words from every process, so that it is told once. */
export function unwritable(
  directory: string,
  error: unknown,
): { readonly text: string; readonly advice: string } {
  return {
    text: `The spool ${directory} cannot be written (${systemWords(error)}): new mail is refused with a temporary error.`,
    advice: isOutOfRoom(error)
      ? 'Make room on its disk (df, df -i), or raise the quota. Sluice goes on by itself as soon as it can write.'
      : 'Look at the system log for errors of the disk or file system (dmesg, mount). Sluice goes on by itself as soon as it can write; to check or unmount the file system, stop Sluice first.',
  };
}
