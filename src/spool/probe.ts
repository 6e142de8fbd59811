// Tests whether the spool can be written, by writing a file: a file system that an error has made read-only may still
// claim to be writable (ext4's emergency state), so neither its flags nor access(2) are enough.

import { join } from 'node:path';
import { fdatasync, writeAll } from './file-io.ts';
import { nodeFiles, type FileLayer } from './file-layer.ts';
import { isDiskFull, systemErrorText, writeError } from './spool-error.ts';

export interface ProbeOptions {
  readonly directory: string;
  /** Name of the process, so that no two processes write the same file. */
  readonly name: string;
  /** Also syncs the file, since some errors appear only then. This costs as much as storing a message. */
  readonly sync: boolean;
  readonly files?: FileLayer;
}

/** Writes a file of one byte and removes it. @throws {SpoolError} when that cannot be done */
export async function probeSpool({ directory, name, sync, files = nodeFiles }: ProbeOptions): Promise<void> {
  const path = join(directory, `probe.${name}`);
  try {
    // Not `w`: root writes probes too, and must not follow a link that another user put here.
    await files.unlink(path).catch(() => undefined); // left by a process that was killed
    const fd = await files.open(path, 'wx');
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

/** The notice that the spool cannot be written. Every process uses the same text, so that it is reported only once. */
export function unwritableNotice(
  directory: string,
  error: unknown,
): { readonly text: string; readonly advice: string } {
  return {
    text: `The spool ${directory} cannot be written (${systemErrorText(error)}): new mail is refused with a temporary error.`,
    advice: isDiskFull(error)
      ? 'Make room on its disk (df, df -i), or raise the quota. Sluice goes on by itself as soon as it can write.'
      : 'Look at the system log for errors of the disk or file system (dmesg, mount). Sluice goes on by itself as soon as it can write; to check or unmount the file system, stop Sluice first.',
  };
}
